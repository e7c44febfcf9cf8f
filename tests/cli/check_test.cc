// callgate check, with files and with --verdicts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <sstream>

#include "tests/cli/filters.h"
#include "tests/cli/run.h"

namespace callgate::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class Check : public testing::Test {
 protected:
  Directory dir;
};

TEST_F(Check, EveryFormatIsRecognised) {
  const std::vector<Insn> program = *bpf::assemble(guard_text);
  const std::string contents[][2] = {
      {"raw", bpf::write_raw(program)},
      {"ddd", bpf::write_ddd(program)},
      {"text", std::string(guard_text)},
  };
  for (const auto& [format, content] : contents) {
    const std::string path = dir.write(format, content);
    for (const std::string& choice : {std::string("auto"), format}) {
      const Outcome outcome = run({"check", "--format", choice, path});
      EXPECT_EQ(outcome.out, path + ": ok, 7 instructions\n") << outcome;
      EXPECT_EQ(outcome.exit, 0) << outcome;
    }
  }
  const std::string oci = dir.write("oci", R"({"defaultAction":"SCMP_ACT_KILL"})");
  EXPECT_THAT(run({"check", oci}).out, StartsWith(oci + ": ok, "));
}

TEST_F(Check, StandardInput) {
  const Outcome outcome = run({"check", "-"}, raw(guard_text));
  EXPECT_EQ(outcome.out, "-: ok, 7 instructions\n");
  EXPECT_EQ(outcome.exit, 0);
}

TEST_F(Check, InvalidFilterNamesThePlace) {
  const std::string path = dir.write("bad", "ld [0]\njeq #1, 9, 2\nret #0\n");
  const Outcome outcome = run({"check", path});
  EXPECT_THAT(outcome.out, StartsWith(path + ": at 1: jump leaves the program")) << outcome;
  EXPECT_EQ(outcome.exit, 1);
}

TEST_F(Check, InstructionsOfOtherFiltersAreRefusedAtTheirPlace) {
  for (const char* text : {"mod #3", "mod x", "ldh [0]", "ldb [0]", "ld [x+4]", "ldxb 4*([0]&0xf)", "ret x"}) {
    const Outcome outcome = run({"check", "-"}, std::string("neg\n") + text + "\nret a\n");
    EXPECT_THAT(outcome.out, StartsWith("-: at 1: opcode is not allowed in a seccomp filter")) << text << outcome;
    EXPECT_EQ(outcome.exit, 1) << text;
  }
}

TEST_F(Check, WorstFileDecidesAndAllAreReported) {
  const std::string good = dir.write("good", raw(guard_text));
  const std::string bad = dir.write("bad", raw("ld [0]\n"));
  const Outcome invalid = run({"check", bad, good});
  EXPECT_EQ(invalid.exit, 1);
  EXPECT_THAT(invalid.out, HasSubstr(good + ": ok, 7"));
  const Outcome unreadable = run({"check", bad, dir.path("missing"), good});
  EXPECT_EQ(unreadable.exit, 2);
  EXPECT_THAT(unreadable.out, HasSubstr(good + ": ok, 7"));
  EXPECT_THAT(unreadable.err, HasSubstr("missing: No such file or directory"));
}

TEST_F(Check, UnreadableInputs) {
  const std::pair<std::string, const char*> cases[] = {
      {dir.write("odd", raw(guard_text).substr(0, 13)), "odd: "},
      {dir.write("shorter.ddd", "3\n32 0 0 0\n6 0 0 0\n"), "shorter.ddd: "},
      {dir.write("huge.ddd", "99999999999999999999\n6 0 0 0\n"), "huge.ddd: "},
      {dir.write("words.txt", "make me a filter\n"), "words.txt: line 1"},
      {dir.write("cut.json", R"({"defaultAction":)"), "cut.json: "},
      {dir.write("deep.json", "{\"a\":" + std::string(100000, '[')), "deep.json: nested more than"},
      {dir.path("."), "Is a directory"},
      {"/dev/zero", "/dev/zero: larger than 64 MiB"},
  };
  for (const auto& [path, message] : cases) {
    const Outcome outcome = run({"check", path});
    EXPECT_EQ(outcome.exit, 2) << path << "\n" << outcome;
    EXPECT_THAT(outcome.err, HasSubstr(message)) << path;
    EXPECT_THAT(outcome.out, IsEmpty()) << path;
  }
}

TEST_F(Check, EmptyFileIsAnInvalidFilter) {
  const Outcome outcome = run({"check", "--format", "raw", dir.write("empty", "")});
  EXPECT_EQ(outcome.exit, 1) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("the program is empty"));
}

TEST_F(Check, OciOptionsReachTheProfile) {
  const std::string path = dir.write("profile.json", R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
      {"names":["read","no_such_call"],"action":"SCMP_ACT_ALLOW",
       "includes":{"caps":["CAP_SYS_ADMIN"],"minKernel":"5.9"}}]})");
  const Outcome with = run({"check", "--cap", "sys_admin", "--kernel-version", "5.10", path});
  const Outcome without_cap = run({"check", "--kernel-version", "5.10", path});
  const Outcome old_kernel = run({"check", "--cap", "CAP_SYS_ADMIN", "--kernel-version", "5.8", path});
  EXPECT_NE(with.out, without_cap.out);
  EXPECT_EQ(without_cap.out, old_kernel.out);
  EXPECT_THAT(with.err, HasSubstr("no_such_call"));
}

TEST_F(Check, VerdictsOnePerLine) {
  const std::string ret =
      "06000000"
      "0000ff7f";
  const std::string upper =
      "06000000"
      "0000FF7F";
  const std::string ld =
      "20000000"
      "00000000";
  const std::string bad_ld =
      "20000000"
      "01000000";
  const std::string input = ret + "\n\n" + ld + upper + "\n" + ld + bad_ld + ret + "\n" + ld;
  const Outcome outcome = run({"check", "--verdicts"}, input);
  EXPECT_EQ(outcome.exit, 0) << outcome;
  std::istringstream lines(outcome.out);
  std::string line;
  const char* expected[] = {"accept", "reject 0 the program is empty", "accept", "reject 1 load outside",
                            "reject 0 the last instruction"};
  for (const char* start : expected) {
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_THAT(line, StartsWith(start));
  }
  EXPECT_FALSE(std::getline(lines, line));
}

TEST_F(Check, VerdictsStopAtAMalformedLine) {
  for (const char* bad : {"0600000000", "060000000000ff7g", "06000000 000ff7f", "06000000 000ff7f\r"}) {
    const std::string good = "060000000000ff7f\n";
    const Outcome outcome = run({"check", "--verdicts"}, good + bad + "\n" + good);
    EXPECT_EQ(outcome.exit, 2) << outcome;
    EXPECT_EQ(outcome.out, "accept\n") << bad;
    EXPECT_THAT(outcome.err, HasSubstr("standard input:2: ")) << bad;
  }
}

TEST_F(Check, VerdictsIgnoreBlanksAroundALine) {
  const Outcome outcome = run({"check", "--verdicts", "-"}, "060000000000ff7f\r\n \t060000000000ff7f \n\r\n");
  EXPECT_EQ(outcome.out, "accept\naccept\nreject 0 the program is empty\n") << outcome;
  EXPECT_EQ(outcome.exit, 0);
}

TEST_F(Check, VerdictsOnAProgramThatIsTooLong) {
  std::string line;
  for (int i = 0; i < 4097; ++i) line += "060000000000ff7f";
  EXPECT_THAT(run({"check", "--verdicts"}, line + "\n").out, HasSubstr("the program is too long"));
  EXPECT_EQ(run({"check", "--verdicts"}, line.substr(16) + "\n").out, "accept\n");
}

TEST_F(Check, VerdictThroughput) {
  constexpr int programs = 100'000;
  std::string input;
  for (int i = 0; i < programs; ++i) {
    input += i % 2 == 0 ? "2000000004000000150000013e0000c0060000000000ff7f0600000000000080\n" : "2000000004000000\n";
  }
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome = run({"check", "--verdicts"}, input);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  std::cout << programs << " verdicts in " << taken.count() << " s\n";
  ASSERT_EQ(outcome.exit, 0);
  std::istringstream lines(outcome.out);
  std::string line;
  int count = 0;
  for (; std::getline(lines, line); ++count) {
    ASSERT_THAT(line, StartsWith(count % 2 == 0 ? "accept" : "reject 0 the last instruction is not a return"));
  }
  EXPECT_EQ(count, programs);
}

}  // namespace
}  // namespace callgate::test
