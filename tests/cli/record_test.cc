// callgate record: calls of real commands, and their arguments hidden.
#include "cli/hide_arguments.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>

#include "bench/measure/compact.h"
#include "callgate/action.hpp"
#include "tests/cli/filters.h"
#include "tests/cli/run.h"
#include "tests/support/machine.h"

namespace callgate::test {
namespace {

using testing::HasSubstr;

std::vector<SeccompData> calls_in(const std::string& path) {
  std::istringstream text(read_file(path));
  return bench::read_compact(text);
}

// The shell is of the host's mode; what becomes the shell is of this build's.
bool is_execve(const SeccompData& data) { return data.nr == (data.arch == arch::x86_64 ? 59 : 11); }
bool is_exit_group(const SeccompData& data) { return data.nr == (data.arch == arch::x86_64 ? 231 : 252); }

TEST(Record, WritesTheCallsOfACommandFromItsStart) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  const Directory directory;
  const std::string output = directory.path("calls");
  const Outcome outcome = run({"record", "-o", output, "--", "/bin/sh", "-c", "exit 7"});
  EXPECT_EQ(outcome.exit, 7) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("calls seen"));
  const std::vector<SeccompData> calls = calls_in(output);
  ASSERT_GT(calls.size(), 2U);
  EXPECT_TRUE(is_execve(calls.front()));
  EXPECT_TRUE(is_exit_group(calls.back()));
  EXPECT_EQ(calls.back().args[0], 7U);
  EXPECT_THAT(read_file(output), HasSubstr("# callgate record -- /bin/sh -c exit 7\n"));
}

TEST(Record, FollowsChildren) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  const Directory directory;
  const std::string output = directory.path("calls");
  EXPECT_EQ(run({"record", "-o", output, "--", "/bin/sh", "-c", "/bin/true & /bin/true; wait"}).exit, 0);
  const std::vector<SeccompData> calls = calls_in(output);
  EXPECT_EQ(std::ranges::count_if(calls, is_execve), 3);
  EXPECT_EQ(std::ranges::count_if(calls, is_exit_group), 3);
}

TEST(Record, EndsAsTheCommandEnds) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  const Directory directory;
  const std::string output = directory.path("calls");
  EXPECT_EQ(run({"record", "-o", output, "--", "/bin/sh", "-c", "kill -TERM $$"}).exit, 128 + 15);
  EXPECT_FALSE(calls_in(output).empty());
  const Outcome missing = run({"record", "-o", output, "--", "/nonexistent/command"});
  EXPECT_EQ(missing.exit, 2);
  EXPECT_THAT(missing.err, HasSubstr("/nonexistent/command: No such file"));
}

TEST(Record, SignalsReachTheCommand) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  const Directory directory;
  const Outcome outcome = run({"record", "-o", directory.path("calls"), "--", "/bin/sh", "-c",
                               "trap 'echo caught; exit 3' USR1; kill -USR1 $$; exit 4"});
  EXPECT_EQ(outcome.exit, 3) << outcome;
  EXPECT_EQ(outcome.out, "caught\n");
}

TEST(Record, ASampleKeepsNeighboursTogether) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  const Directory directory;
  const std::string output = directory.path("calls");
  EXPECT_EQ(
      run({"record", "--sample", "64", "-o", output, "--", "/bin/sh", "-c", "for i in 1 2 3; do /bin/true; done"}).exit,
      0);
  EXPECT_EQ(calls_in(output).size(), 64U);
}

TEST(Record, OutputThatCannotBeWrittenIsWrongUsage) {
  EXPECT_EQ(run({"record", "-o", "/nonexistent/calls", "--", "/bin/true"}).exit, 2);
  const Directory directory;
  EXPECT_EQ(run({"record", "-o", directory.path("c"), "-f", directory.write("f", "ret ALLOW"), "--", "/bin/true"}).exit,
            2)
      << "-f without --hash-arguments";
}

// A filter that looks at two arguments: one value, and bits.
Program looking_filter() {
  const Insn insns[] = {{0x20, 0, 0, 16}, {0x15, 2, 0, 0xabc},   {0x20, 0, 0, 24},
                        {0x45, 0, 1, 4},  {0x06, 0, 0, 0x50001}, {0x06, 0, 0, action::allow}};
  return *verify(insns);
}

TEST(HideArguments, DecisionsStayAndValuesGo) {
  const Program filter = looking_filter();
  const cli::HideArguments hide({filter});
  std::size_t hidden = 0;
  for (std::uint64_t value = 1; value < 3000; ++value) {
    const SeccompData before{1, arch::x86_64, 0, {value, value * 3, value << 32 | value, 0, 0, value}};
    SeccompData after = before;
    hide(after);
    EXPECT_EQ(interpret(filter, after), interpret(filter, before)) << value;
    EXPECT_EQ(after.args[3], 0U);
    EXPECT_TRUE(value != 0xabc || after.args[0] == before.args[0]) << "a filter compares with it";
    hidden += after.args[5] != before.args[5];
  }
  EXPECT_GT(hidden, 2990U);
}

TEST(HideArguments, EqualValuesStayEqualAndKeysDiffer) {
  const cli::HideArguments one({});
  const cli::HideArguments other({});
  SeccompData a{1, arch::x86_64, 0, {0x1234, 0x1234, 0, 0, 0, 0}};
  SeccompData b = a;
  one(a);
  other(b);
  EXPECT_EQ(a.args[0], a.args[1]);
  EXPECT_NE(a.args[0], 0x1234U);
  EXPECT_NE(a.args[0], b.args[0]);
}

// From the paper's appendix: key 00 01 … 0f; the message here is 00 01 … 07 (its published vector for 8 bytes).
TEST(HideArguments, HashIsSipHash) {
  EXPECT_EQ(cli::siphash({0x0706050403020100, 0x0f0e0d0c0b0a0908}, 0x0706050403020100), 0x93f5f5799a932462U);
}

}  // namespace
}  // namespace callgate::test
