// What holds for every subcommand: help, wrong usage, and streams that do not work.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "callgate/version.hpp"
#include "oracles/process/child.h"
#include "tests/cli/filters.h"
#include "tests/cli/run.h"
#include "tests/support/machine.h"

namespace callgate::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const char* const subcommands[] = {"check",  "eval",  "disasm",  "asm",   "dump",    "stats", "kernel-check",
                                   "record", "bench", "fuzz",    "diff",  "explain", "lint",  "test",
                                   "why",    "pid",   "capture", "serve", "synth",   "sim"};

TEST(Usage, HelpTeaches) {
  const Outcome overview = run({"--help"});
  EXPECT_EQ(overview.exit, 0);
  for (const char* command : subcommands) {
    EXPECT_THAT(overview.out, HasSubstr(command));
    const Outcome help = run({command, "--help"});
    EXPECT_EQ(help.exit, 0) << help;
    EXPECT_THAT(help.out, HasSubstr("Examples:"));
    EXPECT_THAT(help.out, HasSubstr(std::string("callgate ") + command));
    EXPECT_THAT(help.out, HasSubstr("Exit code"));
  }
}

TEST(Usage, Version) { EXPECT_EQ(run({"--version"}).out, "callgate " CALLGATE_VERSION "\n"); }

TEST(Usage, WrongUsage) {
  const std::vector<std::string> wrong[] = {
      {},
      {"frobnicate"},
      {"check"},
      {"check", "--format"},
      {"check", "--format", "pdf", "x"},
      {"check", "--verdicts", "x"},
      {"check", "--kernel-version", "new", "x"},
      {"eval"},
      {"eval", "--engine", "magic", "-f", "x"},
      {"eval", "--target", "arm", "-f", "x"},
      {"eval", "--rule", "none", "-f", "x"},
      {"disasm"},
      {"asm"},
      {"asm", "--format", "elf", "x"},
      {"asm", "--input-format", "elf", "x"},
      {"asm", "--long-jumps", "maybe", "x"},
      {"dump"},
      {"stats"},
      {"stats", "--rule", "none", "x"},
      {"stats", "--target", "arm", "x"},
      {"kernel-check", "--programs", "0"},
      {"kernel-check", "--only", "everything"},
      {"kernel-check", "x"},
      {"record"},
      {"record", "-o"},
      {"bench"},
      {"bench", "-f", "x"},
      {"bench", "--stream", "x"},
      {"bench", "-f", "x", "--stream", "x", "--rule", "none"},
      {"diff"},
      {"diff", "x"},
      {"diff", "x", "--"},
      {"diff", "--", "x"},
      {"diff", "x", "y", "z"},
      {"diff", "--rule", "none", "x", "y"},
      {"explain"},
      {"explain", "read"},
      {"lint"},
      {"lint", "--format", "pdf", "x"},
      {"test"},
      {"test", "x"},
      {"explain", "x", "--beside", "y"},
      {"why"},
      {"why", "-f", "x", "--pid", "1", "read"},
      {"why", "--pid", "0"},
      {"pid"},
      {"pid", "x"},
      {"pid", "1", "--format", "pdf"},
      {"capture"},
      {"serve", "x"},
      {"synth"},
      {"synth", "x", "--format", "pdf"},
      {"fuzz", "x"},
      {"fuzz", "--programs", "0"},
      {"fuzz", "--jobs", "0"},
      {"fuzz", "--chains", "0"},
      {"fuzz", "--length", "4097"},
      {"fuzz", "--engines", "magic"},
      {"fuzz", "--target", "arm"},
      {"fuzz", "--optimize", "most"},
      {"--no-such-option"},
  };
  for (const auto& arguments : wrong) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit, 2) << testing::PrintToString(arguments) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("--help")) << testing::PrintToString(arguments);
    EXPECT_THAT(outcome.out, IsEmpty());
  }
}

TEST(Usage, ACommandAloneHelps) {
  const Outcome outcome = run({});
  EXPECT_EQ(outcome.exit, 2);
  for (const char* command : subcommands) EXPECT_THAT(outcome.err, HasSubstr(command));
}

TEST(Usage, HelpIsACommand) {
  EXPECT_EQ(run({"help"}).out, run({"--help"}).out);
  EXPECT_EQ(run({"help", "check"}).out, run({"check", "--help"}).out);
  EXPECT_EQ(run({"help", "check"}).exit, 0);
  EXPECT_THAT(run({"help", "chek"}).err, HasSubstr("did you mean 'check'?"));
}

TEST(Usage, UnknownCommandsAreNamedWithTheNearest) {
  EXPECT_THAT(run({"frobnicate"}).err, HasSubstr("unknown command 'frobnicate'\n"));
  for (const auto& [word, meant] : {std::pair{"dissasm", "disasm"},
                                    {"chek", "check"},
                                    {"evla", "eval"},
                                    {"dissasemble", "disasm"},
                                    {"hepl", "help"}}) {
    EXPECT_THAT(run({word, "x"}).err,
                HasSubstr(std::string("unknown command '") + word + "'; did you mean '" + meant + "'?"));
  }
  EXPECT_THAT(run({"a\033[2Jb"}).err, HasSubstr("unknown command 'a\\x1b[2Jb'"));
}

// Names and words that a terminal would obey are shown, not sent to it, whoever says them and wherever.
TEST(Usage, TerminalsObeyNoName) {
  const Directory dir;
  const std::string name =
      "e\xc3\xa9\033[2J\x9b"
      "1m\n\xc2\x9b\xff";
  const std::string shown = "e\xc3\xa9\\x1b[2J\\x9b1m\\x0a\\xc2\\x9b\\xff";
  const std::string good = dir.write("good" + name, raw(guard_text));
  const std::string bad = dir.write("bad" + name, raw("ld [0]\n"));
  const std::string empty = dir.write("empty" + name, "");
  const std::string calls = dir.write("calls" + name, "no_such_call\n");
  const std::string folder = dir.path("none" + name) + "/x";
  const std::vector<std::string> lines[] = {
      {"check", good},
      {"check", bad},
      {"check", empty},
      {"check", dir.path("missing" + name)},
      {"disasm", good, good},
      {"dump", bad},
      {"stats", bad},
      {"eval", "-f", bad},
      {"eval", "-f", good, calls},
      {"eval", "-f", good, "-f", good, "--json", dir.write("read", "read\n")},
      {"asm", empty},
      {"diff", good, bad},
      {"diff", good, "--", good, dir.write("kill" + name, raw_return(0))},
      {"explain", good, good},
      {"explain", good, name},
      {"lint", good},
      {"why", "-f", good, "read", "7"},
      {"why", "-f", good, name},
      {"explain", good, "--html", folder},
      {"capture", "--", dir.path("missing" + name)},
      {"capture", "-o", folder, "--", "/bin/true"},
      {"synth", calls},
      {"synth", dir.write("read2", "read\n"), "--within", good, "-o", folder},
      {"sim", "-f", name, "-s", "0"},
      {"test", "-f", good, dir.write("expect" + name, "ALLOW \033[2J\n")},
      {"asm", good, "-o", folder},
      {"record", "-o", folder, "--", "/bin/true"},
      {"record", "-o", dir.path("record"), "--", dir.path("missing" + name)},
      {"bench", "-f", good, "--stream", calls},
      {"bench", "-f", bad, "--stream", dir.write("stream", "0 1 2\n")},
      {"kernel-check", "--only", name},
      {"check", "--" + name},
      {"eval", "--engine", name},
  };
  for (const auto& words : lines) {
    const Outcome outcome = run(words);
    const std::string all = outcome.out + outcome.err;
    SCOPED_TRACE(testing::PrintToString(words));
    EXPECT_NE(outcome.exit, 128 + 6);
    EXPECT_EQ(all.find('\033'), std::string::npos) << outcome;
    EXPECT_EQ(all.find("\xc2\x9b"), std::string::npos) << outcome;
    EXPECT_EQ(all.find('\xff'), std::string::npos) << outcome;
  }
  EXPECT_EQ(run({"check", good}).out, dir.path("good" + shown) + ": ok, 7 instructions\n");
  EXPECT_THAT(run({"check", empty}).out, HasSubstr(dir.path("empty" + shown) + ": "));
  EXPECT_THAT(run({"check", dir.path("missing" + name)}).err,
              HasSubstr(dir.path("missing" + shown) + ": No such file"));
}

// A working command line of every subcommand, and what is said of it.
struct Work {
  std::vector<std::string> words;
  std::string input = {};
  bool writes_results = true;  // to standard output
  bool is_repeatable = true;   // the same results each time
};

class StreamsTest : public testing::Test {
 protected:
  std::vector<Work> works() const {
    return {{{"check", guard}},
            {{"check", "--verdicts"}, "0600000000000000\n"},
            {{"check", profile}},  // has a note
            {{"check", guard, dir.path("missing")}},
            {{"eval", "-f", guard, calls}},
            {{"eval", "-f", profile, calls}},
            {{"disasm", guard}},
            {{"dump", guard}},
            {{"dump", "--stages", "b", profile}},
            {{"asm", "-"}, "ret #0\n"},
            {{"asm", profile, "-o", dir.path("out")}, {}, false},
            {{"stats", guard}, {}, true, false},
            {{"bench", "-f", guard, "--stream", stream, "--seconds", "0.02"}, {}, true, false},
            {{"bench", "-f", guard, "--stream", stream, "--seconds", "0.02", "--json"}, {}, true, false},
            {{"fuzz", "--programs", "8", "--optimize", "none"}, {}, true, false},
            {{"diff", guard, profile}},
            {{"explain", guard, "read"}},
            {{"lint", guard}},
            {{"why", "-f", guard, "read", "7"}},
            {{"serve"}, "{}\n"},
            {{"synth", calls}},
            {{"sim", "-f", guard, "-s", "0"}},
            {{"explain", guard, "--html", dir.path("page.html")}, {}, false},
            {{"test", "-f", guard, expectations}},
            {{"kernel-check", "--only", "verdicts", "--probes", dir.path("none")}},
            {{"record", "-o", dir.path("recorded"), "--", "/bin/true"}, {}, false},
            {{"--help"}},
            {{"eval", "--help"}},
            {{"--version"}},
            {{}, {}, false},
            {{"frobnicate"}, {}, false},
            {{"disasm", dir.path("missing")}, {}, false}};
  }

  Directory dir;
  std::string guard = dir.write("guard.bpf", raw(guard_text));
  std::string calls = dir.write("calls", "read\n");
  std::string expectations = dir.write("expectations", "ALLOW read\n");
  std::string stream = dir.write("stream", "0 1 2\n* 20\n");
  std::string profile = dir.write("profile.json", R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
      {"names":["read","no_such_call"],"action":"SCMP_ACT_ALLOW"}]})");
};

// The work's result decides, whether or not anybody reads what is said about it.
TEST_F(StreamsTest, NothingChangesWithoutAStandardError) {
  for (const Work& work : works()) {
    Streams streams;
    streams.input = work.input;
    const Outcome normal = run(work.words, streams);
    for (const Sink sink : {Sink::closed, Sink::full, Sink::broken}) {
      streams.error = sink;
      const Outcome outcome = run(work.words, streams);
      SCOPED_TRACE(testing::PrintToString(work.words) + " " + std::to_string(static_cast<int>(sink)));
      EXPECT_EQ(outcome.exit, normal.exit) << normal;
      if (work.is_repeatable) {
        EXPECT_EQ(outcome.out, normal.out);
      }
    }
  }
}

TEST_F(StreamsTest, ResultsThatCannotBeWrittenAreAnError) {
  for (const Work& work : works()) {
    for (const Sink sink : {Sink::closed, Sink::full, Sink::broken}) {
      Streams streams;
      streams.input = work.input;
      const int exit = work.writes_results ? 2 : run(work.words, streams).exit;
      streams.output = sink;
      const Outcome outcome = run(work.words, streams);
      SCOPED_TRACE(testing::PrintToString(work.words) + " " + std::to_string(static_cast<int>(sink)));
      EXPECT_EQ(outcome.exit, exit) << outcome;
      const char* const why = sink == Sink::closed ? "Bad file descriptor"
                              : sink == Sink::full ? "No space left on device"
                                                   : "Broken pipe";
      if (work.writes_results) {
        EXPECT_THAT(outcome.err, HasSubstr(std::string("cannot write standard output: ") + why));
      }
    }
  }
}

TEST_F(StreamsTest, NoStreamAtAll) {
  for (const Work& work : works()) {
    const Streams none{{}, true, Sink::closed, Sink::closed};
    const int exit = run(work.words, none).exit;
    EXPECT_LE(exit, 2) << testing::PrintToString(work.words);
    EXPECT_TRUE(exit == 2 || !work.writes_results) << testing::PrintToString(work.words);
  }
}

TEST_F(StreamsTest, FullDiskDoesNotHideAnotherError) {
  Streams streams;
  streams.input = "read\nno_such_call\n";
  streams.output = Sink::full;
  const Outcome outcome = run({"eval", "-f", guard}, streams);
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_THAT(outcome.err, HasSubstr("No space left on device"));
}

TEST_F(StreamsTest, ClosedInputIsAnError) {
  const std::vector<std::string> readers[] = {
      {"check", "-"}, {"check", "--verdicts"}, {"eval", "-f", guard},     {"disasm", "-"},
      {"asm", "-"},   {"dump", "-"},           {"eval", "-f", "-", calls}};
  for (const auto& command : readers) {
    Streams streams;
    streams.close_input = true;
    const Outcome outcome = run(command, streams);
    EXPECT_EQ(outcome.exit, 2) << testing::PrintToString(command) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("standard input")) << testing::PrintToString(command);
  }
}

// A program at both ends of the pipes gets each answer before it sends the next line.
TEST_F(StreamsTest, AnswersEachLineOfAConversation) {
  int to[2];
  int from[2];
  ASSERT_EQ(pipe2(to, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(from, O_CLOEXEC), 0);
  process::Descriptors descriptors;
  descriptors.place(to[0], STDIN_FILENO);
  descriptors.place(from[1], STDOUT_FILENO);
  std::vector<std::string> words = command_words(CALLGATE_COMMAND);
  for (const char* word : {"eval", "-f", guard.c_str()}) words.emplace_back(word);
  const pid_t child = process::spawn(words, descriptors);
  close(to[0]);
  close(from[1]);
  for (const auto& [line, answer] : {std::pair{"read\n", "ALLOW\n"}, std::pair{"execve\n", "ERRNO(13)\n"}}) {
    ASSERT_GT(write(to[1], line, std::string(line).size()), 0);
    char buffer[256];
    const ssize_t count = read(from[0], buffer, sizeof buffer);
    ASSERT_GT(count, 0);
    EXPECT_EQ(decisions(std::string(buffer, static_cast<std::size_t>(count))), answer);
  }
  close(to[1]);
  close(from[0]);
  EXPECT_EQ(process::describe_end(process::wait_for(child)), "");
}

}  // namespace
}  // namespace callgate::test
