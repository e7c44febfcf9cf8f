// callgate fuzz, as it is installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cli/run.h"
#include "tests/support/machine.h"

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

// x86_32 code from a 64-bit command: natively, or by the emulator and said so; else one sentence.
const std::vector<std::string> code_32 = {"fuzz", "--target", "x86_32", "--programs", "600", "--chains", "3"};

TEST(FuzzCommand, CodeFor32Bits) {
  CALLGATE_SKIP_UNLESS_64_BIT();
  if (!machine::launcher_32().is_ready) GTEST_SKIP() << machine::launcher_32().obstacle;
  const Outcome outcome = run(code_32);
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("no disagreement\n"));
  EXPECT_EQ(outcome.err.find("note: this kernel runs no 32-bit programs") != std::string::npos,
            !machine::launcher_32().words.empty())
      << outcome;
}

TEST(FuzzCommand, CodeFor32BitsUnderTheEmulator) {
  CALLGATE_SKIP_UNLESS_64_BIT();
  CALLGATE_SKIP_WITHOUT(emulator_32);
  const Forced machine("no-32-bit-programs");
  const Outcome outcome = run(code_32);
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("note: this kernel runs no 32-bit programs"));
  EXPECT_THAT(outcome.err, HasSubstr("x86_32 code runs under "));
}

TEST(FuzzCommand, CodeFor32BitsThatNothingRuns) {
  CALLGATE_SKIP_UNLESS_64_BIT();
  const Forced machine("no-32-bit-programs,no-emulator");
  const Outcome outcome = run(code_32);
  EXPECT_EQ(outcome.exit, 2) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("--target x86_32: this kernel runs no 32-bit programs"));
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome;
  EXPECT_THAT(outcome.out, IsEmpty());
}

TEST(FuzzCommand, WrongUsage) {
  const std::vector<std::string> wrong[] = {
      {"fuzz", "--engines", "magic"},
      {"fuzz", "--programs", "0"},
      {"fuzz", "--length", "4097"},
      {"fuzz", "--jobs", "0"},
      {"fuzz", "--optimize", "most"},
      {"fuzz", "--engines", "interp"},
      {"fuzz", "--seed", "none"},
      {"fuzz", "--inputs", "0"},
      {"fuzz", "--chains", "0"},
      {"fuzz", "extra"},
      {"fuzz", "--seed", "-1"},
      {"fuzz", "--seed", "18446744073709551616"},
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
