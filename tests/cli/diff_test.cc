// callgate diff.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/constant_names.h"
#include "tests/cli/filters.h"
#include "tests/cli/run.h"

namespace callgate::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view allow = "ret ALLOW\n";
constexpr std::string_view no_alg = R"(
        ld [arch]
        jeq #ARCH_X86_64, native, kill
native: ld [nr]
        jset #0x40000000, kill
        jeq #41, socket, good
socket: ld [args[0].lo]
        jeq #38, bad
good:   ret ALLOW
bad:    ret ERRNO(1)
kill:   ret KILL_PROCESS
)";
constexpr std::string_view no_alg_64 = R"(
        ld [arch]
        jeq #ARCH_X86_64, native, kill
native: ld [nr]
        jset #0x40000000, kill
        jeq #41, socket, good
socket: ld [args[0].hi]
        jeq #0, low, good
low:    ld [args[0].lo]
        jeq #38, bad
good:   ret ALLOW
bad:    ret ERRNO(1)
kill:   ret KILL_PROCESS
)";

class Diff : public testing::Test {
 protected:
  std::string file(const std::string& name, std::string_view text) const { return dir.write(name, raw(text)); }

  Directory dir;
};

TEST_F(Diff, EqualChainsAreSaidToBe) {
  const std::string guard = file("guard", guard_text);
  const Outcome outcome = run({"diff", guard, guard});
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_EQ(outcome.out, "equal: the same decision for every call\n");
  // A filter that allows everything changes nothing.
  EXPECT_EQ(run({"diff", guard, "--", file("allow", allow), guard}).exit, 0);
  EXPECT_EQ(run({"diff", guard, "--", guard, guard}).exit, 0);
}

TEST_F(Diff, TellsCallConditionAndDecisions) {
  const Outcome outcome = run({"diff", file("allow", allow), file("guard", guard_text)});
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_THAT(outcome.out, HasSubstr("  ALLOW -> ERRNO(13) EACCES\n      execve\n      such as: execve\n")) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("  ALLOW -> KILL_PROCESS   when the lower half of arg0 = 7\n"));
  EXPECT_THAT(outcome.out, HasSubstr("such as: read 7\n"));
}

// What 32 bits and 64 bits of a constant tell apart.
TEST_F(Diff, FindsTheUpperHalf) {
  const Outcome outcome = run({"diff", file("low", no_alg), file("whole", no_alg_64)});
  EXPECT_EQ(outcome.exit, 1) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("x86_64\n  ERRNO(1) EPERM -> ALLOW   when the upper half of arg0 >= 1 and the "
                                     "lower half of arg0 = AF_ALG\n      socket\n      such as: socket 0x"))
      << outcome;
  EXPECT_THAT(outcome.out, Not(HasSubstr("i386")));
}

// Every call that is told is one that eval decides so.
TEST_F(Diff, ExamplesRunInEval) {
  const std::string before = file("before", no_alg);
  const std::string after = file("after", guard_text);
  const Outcome outcome = run({"diff", "--json", before, after});
  ASSERT_EQ(outcome.exit, 1) << outcome;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["verdict"], "different");
  EXPECT_GT(json["differences"].size(), 4u);
  for (const auto& change : json["differences"]) {
    const std::string line = change["example"]["line"].get<std::string>() + "\n";
    const auto decided = [&](const std::string& filter) {
      return run({"eval", "--format", "hex", "-f", filter}, line).out;
    };
    const auto hex = [](const nlohmann::json& result) {
      char text[16];
      std::snprintf(text, sizeof text, "0x%08x\n", result.get<unsigned>());
      return std::string(text);
    };
    EXPECT_EQ(decided(before), hex(change["old"]["result"])) << change;
    EXPECT_EQ(decided(after), hex(change["new"]["result"])) << change;
  }
}

TEST_F(Diff, SubsetIsAboutWhatIsAllowed) {
  const std::string guard = file("guard", guard_text);
  const std::string all = file("allow", allow);
  EXPECT_EQ(run({"diff", "--subset", all, guard}).exit, 0);
  const Outcome more = run({"diff", "--subset", guard, all});
  EXPECT_EQ(more.exit, 1);
  EXPECT_THAT(more.out, HasSubstr("ERRNO(13) EACCES -> ALLOW"));
  // Another way to refuse is no more than before.
  EXPECT_EQ(run({"diff", "--subset", guard, "--", guard, file("kill", "ret KILL_PROCESS\n")}).exit, 0);
}

TEST_F(Diff, RulesDiffer) {
  const std::string one = file("one", "ret ERRNO(1)\n");
  const std::string kill = file("kill", "ret KILL_PROCESS\n");
  EXPECT_EQ(run({"diff", kill, "--", kill, one}).exit, 0);
  EXPECT_EQ(run({"diff", "--rule", "first_non_allow", kill, "--", kill, one}).exit, 1);
}

// A result that is computed from the call.
TEST_F(Diff, ComputedResults) {
  const std::string a = file("a", "ld [args[0].lo]\nand #0xff\nor #0x50000\nret a\n");
  const std::string b = file("b", "ld [args[0].lo]\nand #0xfe\nor #0x50000\nret a\n");
  EXPECT_EQ(run({"diff", a, a}).exit, 0);
  const Outcome outcome = run({"diff", a, b});
  EXPECT_EQ(outcome.exit, 1) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("  computed, such as ERRNO("));
}

TEST_F(Diff, TheQuestionForSolvers) {
  const std::string guard = file("guard", guard_text);
  const std::string folder = dir.path(".");
  EXPECT_EQ(run({"diff", "--smt2", folder, guard, file("allow", allow)}).exit, 1);
  const std::string question = read_file(dir.path("diff.smt2"));
  EXPECT_THAT(question, testing::StartsWith("(set-logic QF_BV)\n(declare-const w0 (_ BitVec 32))\n"));
  EXPECT_THAT(question, testing::EndsWith("(check-sat)\n"));
  EXPECT_EQ(run({"diff", "--smt2", dir.path("none"), guard, guard}).exit, 2);
}

TEST_F(Diff, InvalidAndMissingFiles) {
  const std::string guard = file("guard", guard_text);
  EXPECT_EQ(run({"diff", guard, dir.path("missing")}).exit, 2);
  EXPECT_EQ(run({"diff", guard, dir.write("bad", raw("ld [0]\n"))}).exit, 1);
  EXPECT_EQ(run({"diff", "-", "--", "-"}).exit, 2);
  EXPECT_EQ(run({"diff", "-", guard}, raw(guard_text)).exit, 0);
}

TEST(ConstantNames, OfTheCall) {
  EXPECT_EQ(cli::constant_text("socket", 0, 38), "AF_ALG");
  EXPECT_EQ(cli::constant_text("clone", 0, 0x10020000), "CLONE_NEWNS|CLONE_NEWUSER");
  EXPECT_EQ(cli::constant_text("mprotect", 2, 6), "PROT_WRITE|PROT_EXEC");
  EXPECT_EQ(cli::constant_text("ioctl", 1, 0x5412), "TIOCSTI");
  EXPECT_EQ(cli::constant_text("prctl", 0, 35), "PR_SET_MM");
  EXPECT_EQ(cli::constant_text("openat", 2, 0x80042), "O_RDWR|O_CREAT|O_CLOEXEC");
  EXPECT_EQ(cli::constant_text("kill", 1, 9), "SIGKILL");
  EXPECT_EQ(cli::constant_text("read", 0, 38), "0x26");
  EXPECT_EQ(cli::constant_text("clone", 0, 0x10000011), "CLONE_NEWUSER|0x11");
}

}  // namespace
}  // namespace callgate::test
