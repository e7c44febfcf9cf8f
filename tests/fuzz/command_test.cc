// callgate fuzz, as it is installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/run.h"

namespace callgate::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(FuzzCommand, TellsWhatItDid) {
  const Outcome outcome = run({"fuzz", "--programs", "300", "--seed", "9", "--jobs", "2", "--times"});
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("300 cases, 300 programs of "));
  EXPECT_THAT(outcome.out, HasSubstr("seed 9"));
  EXPECT_THAT(outcome.out, HasSubstr("interpret"));
  EXPECT_THAT(outcome.out, HasSubstr("no disagreement\n"));
  EXPECT_THAT(outcome.err, ContainsRegex("300 of 300 cases, [0-9]+ programs/s\n"));
}

TEST(FuzzCommand, Chains) {
  const Outcome outcome =
      run({"fuzz", "--programs", "50", "--chains", "4", "--rule", "most_restrictive", "--engines", "interp,table,match",
           "--optimize", "full", "--length", "12", "--inputs", "5", "--quiet"});
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("50 cases, "));
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST(FuzzCommand, WrongUsage) {
  const std::vector<std::string> wrong[] = {
      {"fuzz", "--engines", "magic"}, {"fuzz", "--programs", "0"},
      {"fuzz", "--length", "4097"},   {"fuzz", "--jobs", "0"},
      {"fuzz", "--optimize", "most"}, {"fuzz", "--engines", "interp"},
      {"fuzz", "--seed", "none"},     {"fuzz", "--inputs", "0"},
      {"fuzz", "--chains", "0"},      {"fuzz", "extra"},
      {"fuzz", "--seed", "-1"},       {"fuzz", "--seed", "18446744073709551616"},
      {"fuzz", "--first", "18446744073709551615", "--programs", "3"},
  };
  for (const auto& arguments : wrong) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit, 2) << testing::PrintToString(arguments) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("--help")) << testing::PrintToString(arguments);
    EXPECT_THAT(outcome.out, IsEmpty());
  }
}

}  // namespace
}  // namespace callgate::test
