// callgate lint: the smallest filter that shows each finding, and its neighbour that does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/filters.h"
#include "tests/cli/run.h"

namespace callgate::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Lint : public testing::Test {
 protected:
  // Only x86_64 without x32, then the rest.
  Outcome native(const std::string& rest) const {
    return run({"lint", dir.write("filter", raw("ld [arch]\njeq #ARCH_X86_64, n\nret KILL_PROCESS\nn: ld [nr]\n"
                                                "jge #0x40000000, k\n" +
                                                rest + "k: ret KILL_PROCESS\n"))});
  }

  Directory dir;
};

TEST_F(Lint, NothingIsFoundInASoundFilter) {
  const Outcome outcome = native("jeq #0, a\njeq #60, a\nret ERRNO(38)\na: ret ALLOW\n");
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_EQ(outcome.out, "nothing found\n");
}

TEST_F(Lint, NoLookAtTheArchitecture) {
  const Outcome outcome = run({"lint", dir.write("guard", raw("ld [nr]\njeq #59, d\nret ALLOW\nd: ret ERRNO(1)\n"))});
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_THAT(outcome.out, HasSubstr("no-architecture: ")) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("such as: execve arch=i386  ALLOW\n"));
}

TEST_F(Lint, OpenArchitectures) {
  const Outcome outcome =
      run({"lint", dir.write("f", raw("ld [arch]\njeq #ARCH_X86_64, n\nret ALLOW\nn: ld [nr]\njeq #59, d\n"
                                      "jeq #322, d\nret ALLOW\nd: ret ERRNO(38)\n"))});
  EXPECT_THAT(outcome.out, HasSubstr("x32-open: ")) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("i386-open: "));
  EXPECT_THAT(outcome.out, HasSubstr("such as: execve arch=x32  ALLOW\n"));
  EXPECT_THAT(native("jeq #0, a\nret ERRNO(38)\na: ret ALLOW\n").out, Not(HasSubstr("-open")));
}

TEST_F(Lint, Multiplexers) {
  const Outcome outcome = run({"lint", dir.write("f", raw("ld [arch]\njeq #ARCH_I386, n\nret KILL_PROCESS\nn: ld [nr]\n"
                                                          "jeq #359, d\nret ALLOW\nd: ret ERRNO(38)\n"))});
  EXPECT_THAT(outcome.out, HasSubstr("multiplexer-open: socketcall of i386 does what socket does")) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("such as: socketcall arch=i386  ALLOW\n"));
}

// Docker's rule for AF_ALG compares 64 bits of an int.
TEST_F(Lint, WidthsOfArguments) {
  const Outcome wide = native(
      "jeq #41, s\nret ERRNO(38)\ns: ld [args[0].hi]\njeq #0, l, a\nl: ld [args[0].lo]\njeq #38, d\n"
      "a: ret ALLOW\nd: ret ERRNO(38)\n");
  EXPECT_THAT(wide.out, HasSubstr("upper-half-passes: socket: ")) << wide;
  EXPECT_THAT(wide.out, HasSubstr("such as: socket 0x100000026  ALLOW\n"));
  const Outcome low =
      native("jeq #41, s\nret ERRNO(38)\ns: ld [args[0].lo]\njeq #38, d\nret ALLOW\nd: ret ERRNO(38)\n");
  EXPECT_THAT(low.out, Not(HasSubstr("half"))) << low;
  const Outcome cut = native("jeq #0, s\nret ERRNO(38)\ns: ld [args[2].lo]\njgt #64, d\nret ALLOW\nd: ret ERRNO(38)\n");
  EXPECT_THAT(cut.out, HasSubstr("lower-half-alone: read: the kernel takes 64 bits of argument 2 (count)")) << cut;
  const Outcome pointer =
      native("jeq #0, s\nret ERRNO(38)\ns: ld [args[1].lo]\njeq #0, d\nret ALLOW\nd: ret ERRNO(38)\n");
  EXPECT_THAT(pointer.out, HasSubstr("lower-half-alone: read: the kernel takes 64 bits of argument 1 (buf)"))
      << pointer;
}

TEST_F(Lint, Twins) {
  EXPECT_THAT(native("jeq #257, a\nret ERRNO(38)\na: ret ALLOW\n").out,
              HasSubstr("twin-open: open never runs, and openat"));
  EXPECT_THAT(native("jeq #425, a\nret ERRNO(38)\na: ret ALLOW\n").out,
              HasSubstr("twin-open: socket never runs, and io_uring_setup"));
  EXPECT_THAT(native("jeq #0, a\nret ERRNO(38)\na: ret ALLOW\n").out, Not(HasSubstr("twin-open")));
}

TEST_F(Lint, Clone3AndNewCalls) {
  const Outcome eperm = native("jeq #56, a\nret ERRNO(1)\na: ret ALLOW\n");
  EXPECT_THAT(eperm.out, HasSubstr("clone3-not-enosys: ")) << eperm;
  EXPECT_THAT(eperm.out, HasSubstr("new-calls-not-enosys: "));
  const Outcome enosys = native("jeq #56, a\nret ERRNO(38)\na: ret ALLOW\n");
  EXPECT_THAT(enosys.out, Not(HasSubstr("enosys"))) << enosys;
  const Outcome flags = native(
      "jeq #435, a\njeq #56, c\nret ERRNO(38)\nc: ld [args[0].lo]\njset #0x10000000, d\na: ret ALLOW\nd: ret "
      "ERRNO(38)\n");
  EXPECT_THAT(flags.out, HasSubstr("clone3-open: ")) << flags;
}

TEST_F(Lint, FiltersThatNeverAct) {
  const std::string guard = dir.write("guard", raw("ld [nr]\njeq #59, d\nret ALLOW\nd: ret ERRNO(38)\n"));
  const Outcome outcome = run({"lint", guard, dir.write("all", raw_return(0x7fff0000))});
  EXPECT_THAT(outcome.out, HasSubstr("filter-never-acts: filter 1, ")) << outcome;
  EXPECT_THAT(outcome.out, Not(HasSubstr("filter-never-acts: filter 0, ")));
}

TEST_F(Lint, TestsThatNeverAct) {
  const Outcome twice = native("jeq #0, a\njeq #60, a\njeq #0, d\na: ret ALLOW\nd: ret ERRNO(38)\n");
  EXPECT_THAT(twice.out,
              HasSubstr("test-never-acts: instruction 7, which compares with 0x0: every call that comes there "
                        "fails it, as tests before it have decided on the others\n    such as: read  ALLOW"))
      << twice;
  const Outcome always = native("jge #0, a\nret ERRNO(38)\na: ret ALLOW\n");
  EXPECT_THAT(always.out, HasSubstr("instruction 5, which compares with 0x0: every call that comes there passes it"));
  EXPECT_THAT(always.out, HasSubstr("never-reached: no call comes to instruction 6\n")) << always;
  // By the architecture, and by a number that another architecture had.
  EXPECT_THAT(native("ld [arch]\njeq #ARCH_I386, d\nret ALLOW\nd: ret ERRNO(38)\n").out, HasSubstr("test-never-acts"));
  const Outcome both =
      run({"lint", dir.write("f", raw("ld [arch]\njeq #ARCH_I386, i\njeq #ARCH_X86_64, n\nret KILL\ni: ld [nr]\n"
                                      "jeq #3, a\nret KILL\nn: ld [nr]\njge #0x40000000, k\njeq #3, a\n"
                                      "k: ret KILL\na: ret ALLOW\n"))});
  EXPECT_THAT(both.out, Not(testing::AnyOf(HasSubstr("never-acts"), HasSubstr("never-reached")))) << both;
  EXPECT_THAT(native("ld [args[0].lo]\njeq #0, a\nld [nr]\nand #1\njeq #1, a\ntxa\njeq #5, a\nret ERRNO(38)\n"
                     "a: ret ALLOW\n")
                  .out,
              Not(HasSubstr("never-acts")));
}

TEST_F(Lint, RulesOfAProfile) {
  const auto lint = [&](const std::string& rules) {
    return run({"lint", "--accept-mismatch",
                dir.write("p.json", R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[)" + rules + "]}")});
  };
  const std::string allow =
      R"({"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]})";
  const std::string range =
      R"({"names":["socket"],"action":"SCMP_ACT_KILL","args":[{"index":0,"value":3,"op":"SCMP_CMP_LE"}]})";
  const std::string other =
      R"({"names":["socket"],"action":"SCMP_ACT_KILL","args":[{"index":0,"value":3,"op":"SCMP_CMP_GE"}]})";
  const std::string always = R"({"names":["socket"],"action":"SCMP_ACT_ALLOW"},)";
  EXPECT_THAT(lint(always + R"({"names":["socket"],"action":"SCMP_ACT_KILL"})").out,
              HasSubstr("rules-contradict: syscalls[0] and syscalls[1]: "));
  EXPECT_THAT(lint(allow + "," + range).out, HasSubstr("rules-overlap: syscalls[0] and syscalls[1]: "));
  EXPECT_THAT(lint(allow + "," + other).out, Not(HasSubstr("rules-")));
  EXPECT_THAT(lint(allow + R"(,{"names":["ptrace"],"action":"SCMP_ACT_ERRNO"})").out,
              HasSubstr("rule-never-acts: syscalls[1]: the rule says what is the default anyway: ptrace"));
}

TEST_F(Lint, OddResults) {
  EXPECT_THAT(native("jeq #0, a\nret #0x12340000\na: ret ALLOW\n").out, HasSubstr("unknown-action: "));
  EXPECT_THAT(native("jeq #0, a\nret ERRNO(5000)\na: ret ALLOW\n").out, HasSubstr("errno-too-large: "));
  EXPECT_THAT(native("jeq #1, w\nret ERRNO(38)\nw: ret USER_NOTIF\n").out, HasSubstr("notify-write: "));
}

TEST_F(Lint, WhatTheKernelsCacheCannotKnow) {
  EXPECT_THAT(native("ld [args[0].lo]\nld [nr]\njeq #0, a\nret ERRNO(38)\na: ret ALLOW\n").out,
              HasSubstr("not-cached: one call will"));
}

TEST_F(Lint, Sarif) {
  const std::string guard = dir.write("guard", raw("ld [nr]\njeq #59, d\nret ALLOW\nd: ret ERRNO(1)\n"));
  const auto json = nlohmann::json::parse(run({"lint", "--format", "sarif", guard}).out);
  EXPECT_EQ(json["version"], "2.1.0");
  EXPECT_EQ(json["runs"][0]["results"][0]["ruleId"], "no-architecture");
  const auto plain = nlohmann::json::parse(run({"lint", "--format", "json", guard}).out);
  EXPECT_EQ(plain[0]["id"], "no-architecture");
}

}  // namespace
}  // namespace callgate::test
