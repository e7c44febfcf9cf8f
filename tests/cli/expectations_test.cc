// callgate test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/filters.h"
#include "tests/cli/run.h"

namespace callgate::test {
namespace {

using testing::HasSubstr;

class Expectations : public testing::Test {
 protected:
  Outcome run_on(const std::string& lines, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"test", "-f", dir.write("guard", raw(guard_text)), "-"});
    return run(more, lines);
  }

  Directory dir;
};

TEST_F(Expectations, HoldForAllCallsThatTheyMean) {
  const Outcome outcome = run_on(R"(# execve is refused, and what passes 7
ERRNO(EACCES) execve
ERRNO execve 1 2 3
DENY read 7
KILL_PROCESS read 0x100000007
ALLOW read 0 0x1000 16
ALLOW read 8..0x100000006
ALLOW read 1..6 * 5
KILL_PROCESS read 7 arch=i386
)");
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_EQ(outcome.out, "8 expectations, 0 failed, 0 not decided\n");
}

TEST_F(Expectations, ShowACallWhereTheyFail) {
  const Outcome outcome = run_on("ALLOW read\nALLOW read 6..8\nALLOW *\nERRNO(EPERM) execve\nDENY read 7..8\n");
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_THAT(outcome.out, HasSubstr("-:1: ALLOW read: read 7 is KILL_PROCESS\n")) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("-:2: ALLOW read 6..8: read 7 is KILL_PROCESS\n"));
  EXPECT_THAT(outcome.out, HasSubstr("-:3: ALLOW *: "));
  EXPECT_THAT(outcome.out, HasSubstr("-:4: ERRNO(EPERM) execve: execve is ERRNO(13) EACCES\n"));
  EXPECT_THAT(outcome.out, HasSubstr("-:5: DENY read 7..8: read 8 is ALLOW\n"));
  EXPECT_THAT(outcome.out, HasSubstr("5 expectations, 5 failed, 0 not decided\n"));
}

TEST_F(Expectations, AllNumbersAndArchitectures) {
  const std::string path =
      dir.write("native", raw("ld [arch]\njeq #ARCH_X86_64, n\nret KILL_PROCESS\nn: ld [nr]\n"
                              "and #0xc0000000\njeq #0x40000000, x\nret ALLOW\nx: ret ERRNO(38)\n"));
  const Outcome outcome = run({"test", "-f", path, "-"},
                              "KILL_PROCESS * arch=i386\nALLOW *\nERRNO(ENOSYS) * arch=x32\n"
                              "KILL_PROCESS * arch=aarch64\n");
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_EQ(run({"test", "-f", path, "-"}, "KILL_PROCESS * arch=*\n").exit, 1);
}

TEST_F(Expectations, ArgumentsByName) {
  const std::string path = dir.write("clone", raw("ld [nr]\njeq #56, c\njeq #41, s\nret ALLOW\nc: ld [args[0].lo]\n"
                                                  "jset #0x10000000, d\nret ALLOW\ns: ld [args[1].lo]\njeq #3, d\n"
                                                  "ret ALLOW\nd: ret ERRNO(1)\n"));
  const auto test = [&](const std::string& line) { return run({"test", "-f", path, "-"}, line + "\n"); };
  for (const char* line : {"ERRNO(EPERM) clone flags&CLONE_NEWUSER", "ERRNO(EPERM) clone clone_flags=CLONE_NEWUSER",
                           "ERRNO(EPERM) clone flags&CLONE_NEWUSER|CLONE_VM newsp=0..7", "ALLOW clone flags=CLONE_VM",
                           "ERRNO(EPERM) socket AF_INET type=SOCK_RAW", "ERRNO(EPERM) socket type=SOCK_RAW domain=2",
                           "ALLOW socket arg1=0..2", "ERRNO(EPERM) socket * 3", "ALLOW read count=*"}) {
    EXPECT_EQ(test(line).exit, 0) << line << test(line);
  }
  EXPECT_THAT(test("ALLOW clone flags&CLONE_NEWUSER").out, HasSubstr("clone 0x10000000 is ERRNO(1) EPERM"));
  EXPECT_EQ(test("ERRNO(EPERM) clone flags&CLONE_VM").exit, 1);
  for (const char* line :
       {"ALLOW clone nonsense=1", "ALLOW socket type=1 arg1=1", "ALLOW socket 1 2 type=3", "ALLOW clone flags&1..2",
        "ALLOW clone flags&*", "ALLOW clone flags=NONSENSE", "ALLOW mmap prot=1 arch=i386", "ALLOW * fd=1"}) {
    EXPECT_EQ(test(line).exit, 2) << line;
  }
  EXPECT_THAT(test("ALLOW clone nonsense=1").err,
              HasSubstr("standard input:1: no argument 'nonsense' of clone is known (x86_64: clone_flags, newsp,"));
}

TEST_F(Expectations, Junit) {
  const std::string results = dir.path("results.xml");
  EXPECT_EQ(run_on("ALLOW read\nDENY execve\n", {"--junit", results}).exit, 1);
  const std::string xml = read_file(results);
  EXPECT_THAT(xml, HasSubstr("<testsuite name=\"-\" tests=\"2\" failures=\"1\">"));
  EXPECT_THAT(xml, HasSubstr("<failure message=\"read 7 is KILL_PROCESS\"/>"));
  EXPECT_THAT(run_on("ALLOW read\n", {"--json"}).out, HasSubstr("\"result\": \"failed\""));
}

TEST_F(Expectations, WrongLinesAreNamed) {
  for (const auto& [line, message] : {std::pair{"ALOW read\n", "unknown decision 'ALOW'"},
                                      {"ALLOW\n", "a line is DECISION CALL"},
                                      {"ALLOW reed\n", "unknown system call"},
                                      {"ERRNO(EFOO) read\n", "unknown data"},
                                      {"ERRNO(1 read\n", "')' is missing"},
                                      {"TRACE(70000) read\n", "more than 16 bits"},
                                      {"ALLOW read 5..4\n", "is empty"},
                                      {"ALLOW read 1 2 3 4 5 6 7\n", "six arguments"},
                                      {"ALLOW read arch=*\n", "no number that all"},
                                      {"# nothing\n", "no expectation"}}) {
    const Outcome outcome = run_on(line);
    EXPECT_EQ(outcome.exit, 2) << line << outcome;
    EXPECT_THAT(outcome.err, HasSubstr(message)) << line;
  }
}

}  // namespace
}  // namespace callgate::test
