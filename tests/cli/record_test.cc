// callgate record: calls of real commands, and their arguments hidden.
#include "cli/hide_arguments.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sstream>

#include "bench/measure/compact.h"
#include "callgate/action.hpp"
#include "tests/cli/filters.h"
#include "tests/cli/run.h"
#include "tests/support/machine.h"

namespace callgate::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

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
  EXPECT_THAT(read_file(output), StartsWith("# callgate record -- /bin/sh -c exit 7\n"));
  const std::string count = std::to_string(calls.size());
  EXPECT_THAT(read_file(output), EndsWith("\n# end: " + count + " calls seen, " + count + " written\n"));
  EXPECT_THAT(read_file(output), Not(HasSubstr("# incomplete")));
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

TEST(Record, WhateverEndsItTheFileIsWhole) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  for (const int signal : {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGALRM}) {
    const Directory directory;
    const std::string output = directory.path("calls");
    const Outcome outcome = run({"record", "-o", output, "--", "/bin/sh", "-c",
                                 "kill -" + std::to_string(signal) + " $PPID; while :; do sleep 100; done"});
    EXPECT_EQ(outcome.exit, 128 + signal) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("the recording is incomplete: SIG"));
    EXPECT_FALSE(calls_in(output).empty());
    EXPECT_THAT(read_file(output), HasSubstr("\n# incomplete: SIG"));
    EXPECT_THAT(read_file(output), EndsWith(" written\n"));
  }
}

TEST(Record, ACommandThatDoesNotEndIsGivenUp) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  const Directory directory;
  const std::string output = directory.path("calls");
  const Outcome outcome =
      run({"record", "-o", output, "--", "/bin/sh", "-c", "trap '' TERM; kill -TERM $PPID; while :; do :; done"});
  EXPECT_EQ(outcome.exit, 128 + SIGTERM) << outcome;
  EXPECT_THAT(read_file(output), HasSubstr("\n# incomplete: SIGTERM ended the recording\n# end: "));
}

TEST(Record, WhatSigkillLeavesAreWholeLines) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  const Directory directory;
  const std::string output = directory.path("calls");
  EXPECT_EQ(run({"record", "-o", output, "--", "/bin/sh", "-c", "kill -KILL $PPID; exit 0"}).exit, 128 + SIGKILL);
  const std::string text = read_file(output);
  EXPECT_THAT(text, EndsWith("\n"));
  EXPECT_GT(calls_in(output).size(), 2U) << "what was seen is there";
  EXPECT_THAT(text, Not(HasSubstr("# end")));
}

TEST(Record, ACommandThatIsKilledMakesTheRecordingIncomplete) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  const Directory directory;
  const std::string output = directory.path("calls");
  EXPECT_EQ(run({"record", "-o", output, "--", "/bin/sh", "-c", "kill -KILL $$"}).exit, 128 + SIGKILL);
  EXPECT_THAT(read_file(output), HasSubstr("\n# incomplete: SIGKILL ended the command\n# end: "));
}

TEST(Record, AFullDiskIsNamed) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  const Outcome outcome = run({"record", "-o", "/dev/full", "--", "/bin/true"});
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_THAT(outcome.err, HasSubstr("cannot write /dev/full: No space left on device"));
}

// A limit on the size of files stands for a disk that fills up: the file keeps its whole lines.
TEST(Record, AFileThatCannotGrowEndsWithAWholeLine) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  const Directory directory;
  const std::string output = directory.path("calls");
  Streams streams;
  streams.largest_file = 150;
  const Outcome outcome = run({"record", "-o", output, "--", "/bin/sh", "-c", "exit 0"}, streams);
  EXPECT_EQ(outcome.exit, 2) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("cannot write " + output + ": File too large"));
  const std::string text = read_file(output);
  EXPECT_LE(text.size(), 150U);
  EXPECT_THAT(text, EndsWith("\n"));
  EXPECT_FALSE(calls_in(output).empty());
}

TEST(Record, NonsenseSamplesAreRefused) {
  const Directory directory;
  for (const char* sample : {"-1", "0", "18446744073709551615", "x", "1.5", ""}) {
    const std::string output = directory.path("calls");
    const Outcome outcome = run({"record", std::string("--sample=") + sample, "-o", output, "--", "/bin/true"});
    EXPECT_EQ(outcome.exit, 2) << sample << outcome;
    EXPECT_EQ(read_file(output), "");
  }
}

TEST(Record, ADashIsStandardOutput) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  const Outcome outcome = run({"record", "-o", "-", "--", "/bin/true"});
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.out, StartsWith("# callgate record -- /bin/true\n"));
  EXPECT_THAT(outcome.out, EndsWith(" written\n"));
  EXPECT_THAT(outcome.err, HasSubstr("written to standard output"));
  EXPECT_FALSE(std::filesystem::exists("-"));
  for (const Sink sink : {Sink::closed, Sink::full, Sink::broken}) {
    Streams streams;
    streams.output = sink;
    EXPECT_EQ(run({"record", "-o", "-", "--", "/bin/true"}, streams).exit, 2);
  }
}

TEST(Record, TheCommandCannotWriteIntoTheRecording) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  const Outcome outcome = run({"record", "-o", "-", "--", "/bin/sh", "-c", "echo '101 # forged'"});
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.out, Not(HasSubstr("\n101 # forged")));
  EXPECT_THAT(outcome.err, StartsWith("101 # forged\n"));
}

TEST(Record, TheCommandDoesNotGetTheFile) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  const Directory directory;
  const std::string output = directory.path("calls");
  const Outcome outcome = run({"record", "-o", output, "--", "/bin/sh", "-c", "ls -l /proc/self/fd"});
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.out, Not(HasSubstr(output)));
}

TEST(Record, TheCommandFindsStreamsAndSignalsAsTheyWere) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  const Directory directory;
  const std::string seen = directory.path("seen");
  const std::string script = "grep -E 'SigBlk|SigIgn' /proc/self/status > " + seen + "; ls /proc/self/fd >> " + seen;
  Streams streams;
  streams.close_input = true;
  EXPECT_EQ(run({"record", "-o", directory.path("calls"), "--", "/bin/sh", "-c", script}, streams).exit, 0);
  // Of the ignored signals the standard ones: posix_spawn() ignores two others.
  const auto standard = [](const std::string& status) { return status.substr(status.find("SigIgn:") + 17, 7); };
  EXPECT_THAT(read_file(seen), StartsWith("SigBlk:\t0000000000000000\n"));
  EXPECT_EQ(standard(read_file(seen)), standard(read_file("/proc/self/status")));
}

TEST(Record, TheHeaderHasNothingThatATerminalObeys) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  const Directory directory;
  const std::string output = directory.path("calls");
  EXPECT_EQ(run({"record", "-o", output, "--", "/bin/true", "a\033[2Jb\nc\xc2\x9b"}).exit, 0);
  EXPECT_THAT(read_file(output), StartsWith("# callgate record -- /bin/true a\\x1b[2Jb\\x0ac\\xc2\\x9b\n"));
}

TEST(Record, HiddenArgumentsAreNotInTheHeader) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  const Directory directory;
  const std::string output = directory.path("calls");
  EXPECT_EQ(run({"record", "--hash-arguments", "-o", output, "--", "/bin/true", "--password=secret", "x"}).exit, 0);
  EXPECT_THAT(read_file(output), StartsWith("# callgate record --hash-arguments -- /bin/true (2 arguments, hidden)\n"));
}

TEST(Record, ChildrenThatCannotBeFollowedAreTold) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  for (const char* call : {"clone", "clone3"}) {
    const Directory directory;
    const std::string output = directory.path("calls");
    const Outcome outcome = run({"record", "-o", output, "--", CALLGATE_UNTRACED_CHILD, call});
    ASSERT_EQ(outcome.exit, 0) << outcome;
    EXPECT_THAT(read_file(output), HasSubstr("\n# incomplete: 1 times a child with CLONE_UNTRACED")) << call;
    EXPECT_THAT(outcome.err, HasSubstr("CLONE_UNTRACED")) << call;
  }
}

TEST(Record, OptionsOfTheCommandNeedADoubleDash) {
  const Directory directory;
  const std::string output = directory.path("calls");
  for (const std::vector<std::string>& words : {std::vector<std::string>{"ls", "-l"}, {"tar", "-o", output}}) {
    std::vector<std::string> all{"record"};
    all.insert(all.end(), words.begin(), words.end());
    const Outcome outcome = run(all);
    EXPECT_EQ(outcome.exit, 2) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("Put -- before it: callgate record [options] -- " + words[0])) << outcome;
    EXPECT_FALSE(std::filesystem::exists(output));
  }
}

TEST(Record, ARecordingThatWasCutIsRefused) {
  const Directory directory;
  const std::string filter = directory.write("f", "ret ALLOW\n");
  const std::string stream = directory.write("cut", "# callgate record -- x\n0 1 22\n0 1 2");
  const Outcome outcome = run({"bench", "-f", filter, "--stream", stream, "--seconds", "0.02"});
  EXPECT_EQ(outcome.exit, 2) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("line 3: cut off"));
}

// Older recordings promise no end, so that nothing is missing without one.
TEST(Record, WhatIsMissingIsToldWhenItIsRead) {
  const Directory directory;
  const std::string filter = directory.write("f", "ret ALLOW\n");
  const auto notes = [&](const std::string& recording) {
    const std::string stream = directory.write("stream", recording);
    const Outcome bench = run({"bench", "-f", filter, "--stream", stream, "--seconds", "0.02"});
    const Outcome eval = run({"eval", "-f", filter, stream});
    EXPECT_EQ(bench.exit, 0) << bench;
    EXPECT_EQ(eval.exit, 0) << eval;
    EXPECT_EQ(bench.err, eval.err);
    return eval.err;
  };
  const std::string header = "# callgate record -- x\n";
  EXPECT_EQ(notes(header + "0 1\n"), "");
  EXPECT_EQ(notes(header + "# has an end\n0 1\n# end: 1 calls seen, 1 written\n"), "");
  EXPECT_THAT(notes(header + "# has an end\n0 1\n"), EndsWith(": the recording has no end: it was cut\n"));
  EXPECT_THAT(notes(header + "# has an end\n0 1\n# incomplete: SIGTERM ended the recording\n# end\n"),
              EndsWith(": the recording is incomplete: SIGTERM ended the recording\n"));
  EXPECT_THAT(notes("# callgate record --hash-arguments -- x\n0 1\n"), HasSubstr("its arguments are hashed"));
}

TEST(Record, WhatSigkillLeavesIsToldToBeCut) {
  CALLGATE_SKIP_WITHOUT(ptrace);
  const Directory directory;
  const std::string output = directory.path("calls");
  EXPECT_EQ(run({"record", "-o", output, "--", "/bin/sh", "-c", "kill -KILL $PPID; exit 0"}).exit, 128 + SIGKILL);
  const Outcome outcome = run({"eval", "-f", directory.write("f", "ret ALLOW\n"), output});
  EXPECT_THAT(outcome.err, HasSubstr("the recording has no end: it was cut"));
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
  EXPECT_EQ(run({"record", "-o", directory.path("c"), "-f", directory.write("f", "ret #0"), "--", "/bin/true"}).exit, 2)
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
