// callgate kernel-check: what it compares, what it skips and says so, and its exit codes. That it finds differences is
// tested where it can be made to (tests/kernel/oracle_test.cc).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/run.h"
#include "tests/support/machine.h"

namespace callgate::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

TEST(KernelCheck, ComparesEveryPart) {
  if (const std::string why = kernel_obstacle(); !why.empty()) GTEST_SKIP() << why;
  const Outcome outcome = run({"kernel-check", "--programs", "300", "--seed", "5"});
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("300 programs, seed 5"));
  EXPECT_THAT(outcome.out, ContainsRegex("verdicts +64-bit process +(300 filters: |skipped: )"));
  EXPECT_THAT(outcome.out, ContainsRegex("verdicts +32-bit process +(60 filters: |skipped: )"));
  EXPECT_THAT(outcome.out, ContainsRegex("results +syscall, 64-bit process +"));
  EXPECT_THAT(outcome.out, ContainsRegex("merging +64-bit process +"));
  EXPECT_THAT(outcome.out, ContainsRegex("path +64-bit process +"));
  EXPECT_THAT(outcome.out, ContainsRegex("sockets +verdicts, SO_ATTACH_FILTER +30 filters: "));
  EXPECT_THAT(outcome.out, ContainsRegex("sockets +results, packets +3[0-2] filters"));
  EXPECT_THAT(outcome.out, HasSubstr("Cannot be seen from outside"));
  EXPECT_THAT(outcome.out, HasSubstr("\nno difference\n"));
}

TEST(KernelCheck, OnlyWhatIsAskedFor) {
  if (const std::string why = kernel_obstacle(); !why.empty()) GTEST_SKIP() << why;
  const Outcome outcome = run({"kernel-check", "--programs", "100", "--only", "sockets"});
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("sockets "));
  for (const char* part : {"verdicts   6", "results    s", "merging ", "path "}) {
    EXPECT_THAT(outcome.out, Not(HasSubstr(part)));
  }
}

TEST(KernelCheck, SaysWhatItSkips) {
  if (const std::string why = kernel_obstacle(); !why.empty()) GTEST_SKIP() << why;
  const Directory empty;
  const Outcome some = run({"kernel-check", "--programs", "10", "--probes", empty.path(".")});
  EXPECT_EQ(some.exit, 0) << some;
  EXPECT_THAT(some.out, ContainsRegex("verdicts +64-bit process +skipped: the 64-bit probe is not there"));
  EXPECT_THAT(some.out, HasSubstr("sockets"));

  const Outcome nothing = run({"kernel-check", "--probes", empty.path("."), "--only", "verdicts,path"});
  EXPECT_EQ(nothing.exit, 2) << nothing;
  EXPECT_THAT(nothing.out, ContainsRegex("path +64-bit process +skipped: the 64-bit probe is not there"));
  EXPECT_THAT(nothing.err, HasSubstr("nothing could be compared"));
}

// The reason in one sentence, where 32-bit code reaches no kernel.
TEST(KernelCheck, SaysWhatThisKernelDoesNotRun) {
  if (const std::string why = kernel_obstacle(); !why.empty()) GTEST_SKIP() << why;
  const Forced machine("no-32-bit-programs,no-int80");
  const Outcome outcome = run({"kernel-check", "--programs", "10"});
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.out,
              ContainsRegex("results +int 0x80, 64-bit process +skipped: this kernel does not serve int 0x80"));
  for (const char* part : {"verdicts", "merging", "path"}) {
    EXPECT_THAT(outcome.out,
                ContainsRegex(std::string(part) + " +32-bit process +skipped: this kernel runs no 32-bit programs"));
  }
  EXPECT_THAT(outcome.out, Not(HasSubstr("takes for ever")));
  EXPECT_THAT(outcome.out, HasSubstr("\nno difference\n"));
}

}  // namespace
}  // namespace callgate::test
