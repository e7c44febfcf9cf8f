// callgate why: who refused a call, and the least change that lets it run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/filters.h"
#include "tests/cli/run.h"

namespace callgate::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Why : public testing::Test {
 protected:
  std::string profile(const std::string& rules) const {
    return dir.write("p.json", R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[)" + rules + "]}");
  }

  Directory dir;
  std::string guard = dir.write("guard", raw(guard_text));
};

TEST_F(Why, NamesFilterAndTest) {
  const Outcome outcome = run({"why", "-f", guard, "read", "7", "8"});
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("read 7 8: KILL_PROCESS\n"));
  EXPECT_THAT(outcome.out, HasSubstr("guard returns KILL_PROCESS at instruction 6\n"));
  EXPECT_THAT(outcome.out, HasSubstr("the last test on the way: 3: jeq #0x7, 6, 4, with args[0].lo = 0x7: holds\n"));
  EXPECT_THAT(outcome.out, HasSubstr("it runs when the lower half of arg0 != 7\n"));
  EXPECT_THAT(outcome.out, HasSubstr("proved to change nothing else"));
}

TEST_F(Why, NothingRefusesWhatRuns) {
  const Outcome outcome = run({"why", "-f", guard, "read", "8"});
  EXPECT_EQ(outcome.exit, 1) << outcome;
  EXPECT_EQ(outcome.out, "read 8: ALLOW\n  these filters do not refuse it\n");
}

// The instructions that it tells let the call run, and are a filter as they stand.
TEST_F(Why, TheChangeOfAFilterWorks) {
  const auto json = nlohmann::json::parse(run({"why", "-f", guard, "--json", "read", "7"}).out);
  const auto& change = json[0]["filters"][0]["change"];
  EXPECT_EQ(change["kind"], "instructions");
  EXPECT_EQ(change["proved"], true);
  EXPECT_EQ(change["also_changes"].size(), 0U);
  EXPECT_EQ(json[0]["filters"][0]["tests"].size(), 2U);
}

TEST_F(Why, TheChangeOfAProfile) {
  const std::string file = profile(R"({"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[
      {"index":0,"value":38,"op":"SCMP_CMP_NE"}]})");
  const Outcome outcome =
      run({"why", "-f", file, "socket(AF_ALG, SOCK_SEQPACKET, 0) = -1 EPERM (Operation not permitted)"});
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("it runs when arg0 != AF_ALG\n"));
  EXPECT_THAT(outcome.out, HasSubstr(R"(add to "syscalls": {"names":["socket"],"action":"SCMP_ACT_ALLOW",)"
                                     R"("args":[{"index":0,"value":38,"op":"SCMP_CMP_EQ"}]})"));
  // A rule without tests would be stronger than one more rule.
  const Outcome taken_out =
      run({"why", "-f", profile(R"({"names":["ptrace","kcmp"],"action":"SCMP_ACT_KILL"})"), "ptrace", "1"});
  EXPECT_THAT(taken_out.out, HasSubstr("take it out of syscalls[0].names\n")) << taken_out;
  EXPECT_THAT(taken_out.out, HasSubstr("it never runs, whatever the arguments\n"));
}

// The audit subsystem tells no arguments, and the architecture in hexadecimal.
TEST_F(Why, AuditLines) {
  const std::string line =
      "type=1326 audit(1700000000.123:45): auid=0 uid=0 gid=0 ses=1 pid=9 comm=\"x\" exe=\"/x\" sig=0 arch=c000003e "
      "syscall=0 compat=0 ip=0x7f12 code=0x50000";
  const Outcome outcome = run({"why", "-f", guard, line});
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("depends on what the line does not tell\n"));
  EXPECT_THAT(outcome.out, HasSubstr("  KILL_PROCESS   when the lower half of arg0 = 7"));
  const Outcome i386 = run({"why", "-f", guard}, "type=SECCOMP msg=audit(1.2:3): arch=40000003 syscall=59 ip=0x0\n");
  EXPECT_THAT(i386.out, HasSubstr("arch=i386")) << i386;
}

TEST_F(Why, SeveralFilters) {
  const std::string other = dir.write("other", raw("ld [nr]\njeq #0, d\nret ALLOW\nd: ret ERRNO(1)\n"));
  const Outcome outcome = run({"why", "-f", guard, "-f", other, "read", "7"});
  EXPECT_THAT(outcome.out, HasSubstr("the least change of " + guard)) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("the least change of " + other));
  EXPECT_THAT(outcome.out, HasSubstr("it never runs"));
}

TEST_F(Why, BadLines) {
  EXPECT_EQ(run({"why", "-f", guard, "no_such_call"}).exit, 2);
  EXPECT_EQ(run({"why", "-f", guard}, "").exit, 2);
  EXPECT_EQ(run({"why", "--pid", "0", "read"}).exit, 2);
}

}  // namespace
}  // namespace callgate::test
