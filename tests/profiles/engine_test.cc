// What differs between container engines.
#include <gmock/gmock.h>

#include "tests/profiles/decider.h"

namespace callgate::profiles {
namespace {

using arch::x32_bit;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Engine = ContainerEngine;

constexpr std::uint32_t nr_read = 0, nr_readv = 19, nr_mseal = 462;
constexpr Engine all_engines[] = {Engine::common, Engine::runc, Engine::crun, Engine::podman, Engine::docker};

bool uses_runc(Engine engine) { return engine == Engine::runc || engine == Engine::docker; }
bool uses_crun(Engine engine) { return engine == Engine::crun || engine == Engine::podman; }

TEST(Engine, RuncSaysEnosysAboveTheLargestNumber) {
  const std::string json = with_rule(R"("names":["read","readv","no_such_call"],"action":"SCMP_ACT_ALLOW")");
  for (const Engine engine : all_engines) {
    const Decider decide(json, with_engine(engine));
    const std::uint32_t above = uses_runc(engine) ? enosys : eperm;
    EXPECT_EQ(decide(nr_read), allow);
    EXPECT_EQ(decide(nr_readv), allow);
    EXPECT_EQ(decide(nr_readv - 1), eperm) << "below the largest";
    EXPECT_EQ(decide(nr_readv + 1), above);
    EXPECT_EQ(decide(nr_mseal), above);
    EXPECT_EQ(decide(nr_mseal | x32_bit), action::kill_thread) << "x32 is not the profile's";
    EXPECT_EQ(decide(nr_mseal, {}, arch::x86_32), action::kill_thread);
  }
}

TEST(Engine, RuncsStubCountsForEachArchitecture) {
  const Decider decide(R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86","SCMP_ARCH_X32"],
      "syscalls":[{"names":["readv"],"action":"SCMP_ACT_ALLOW"}]})",
                       with_engine(Engine::runc));
  EXPECT_EQ(decide(19), allow);
  EXPECT_EQ(decide(20), enosys);
  EXPECT_EQ(decide(x32_bit | 515), allow);
  EXPECT_EQ(decide(x32_bit | 514), eperm);
  EXPECT_EQ(decide(x32_bit | 516), enosys);
  EXPECT_EQ(decide(145, {}, arch::x86_32), allow);
  EXPECT_EQ(decide(144, {}, arch::x86_32), eperm);
  EXPECT_EQ(decide(146, {}, arch::x86_32), enosys);
  EXPECT_EQ(decide(0xffffffff), enosys);
  EXPECT_EQ(decide(0xffffffff, {}, arch::x86_32), enosys);
}

TEST(Engine, RuncCountsRulesOfTheDefaultActionAndNewCalls) {
  const Decider decide(
      with_rules({R"("names":["read"],"action":"SCMP_ACT_ALLOW")", R"("names":["readv"],"action":"SCMP_ACT_ERRNO")"}),
      with_engine(Engine::runc));
  EXPECT_EQ(decide(nr_readv), eperm);
  EXPECT_EQ(decide(nr_readv + 1), enosys);
  const Decider with_new(with_rule(R"("names":["mseal"],"action":"SCMP_ACT_ALLOW")"), with_engine(Engine::runc));
  EXPECT_EQ(with_new(nr_mseal), allow);
  EXPECT_EQ(with_new(nr_mseal - 1), eperm);
  EXPECT_EQ(with_new(nr_mseal + 1), enosys);
}

// i386's socket has its own number, 359, but libseccomp tells runc only the one that stands for socketcall.
TEST(Engine, RuncDoesNotCountCallsOfSocketcall) {
  const Decider decide(R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86"],
      "syscalls":[{"names":["socket","read"],"action":"SCMP_ACT_ALLOW"}]})",
                       with_engine(Engine::runc));
  EXPECT_EQ(decide(3, {}, arch::x86_32), allow);
  EXPECT_EQ(decide(4, {}, arch::x86_32), enosys);
  EXPECT_EQ(decide(359, {}, arch::x86_32), enosys);
  EXPECT_EQ(decide(41), allow);
  EXPECT_EQ(decide(42), enosys);
}

TEST(Engine, NoStubWhereTheDefaultLetsCallsPass) {
  for (const char* action : {"SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"}) {
    const std::string json = with_rule(R"("names":["read"],"action":"SCMP_ACT_KILL")", action);
    EXPECT_EQ(Decider(json, with_engine(Engine::runc))(500), Decider(json)(500)) << action;
  }
  for (const char* action : {"SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO"}) {
    const std::string json = with_rule(R"("names":["readv"],"action":"SCMP_ACT_ALLOW")", action);
    EXPECT_EQ(Decider(json, with_engine(Engine::runc))(500), enosys) << action;
  }
  EXPECT_EQ(Decider(R"({"defaultAction":"SCMP_ACT_ERRNO"})", with_engine(Engine::runc))(500), eperm) << "names no call";
}

TEST(Engine, OnlyPodmanHasNamesOfErrors) {
  const std::string json =
      with_rule(R"("names":["read"],"action":"SCMP_ACT_ERRNO","errno":"ENOSYS","errnoRet":13)", "SCMP_ACT_ALLOW");
  for (const Engine engine : all_engines) {
    const Decider decide(json, with_engine(engine));
    const bool docker = engine == Engine::docker;
    EXPECT_EQ(decide(nr_read), docker ? action::errno_ | 13 : enosys);
    if (docker) {
      EXPECT_THAT(decide.notes(), Contains(HasSubstr("syscalls[0].errno: the engine does not know this key")));
    }
    if (!docker) {
      EXPECT_THAT(decide.notes(), IsEmpty());
    }
  }
  const Decider docker(R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrno":"ENOSYS"})", with_engine(Engine::docker));
  EXPECT_EQ(docker(nr_read), eperm);
  EXPECT_THAT(docker.notes(), Contains(HasSubstr("defaultErrno: the engine does not know this key")));
}

TEST(Engine, PodmanHasNoKernelVersions) {
  const std::string json = with_rule(R"("names":["read"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"9.9"})");
  for (const Engine engine : all_engines) {
    const Decider decide(json, with_engine(engine));
    EXPECT_EQ(decide(nr_read), engine == Engine::podman ? allow : eperm);
    if (engine == Engine::podman) {
      EXPECT_THAT(decide.notes(), Contains(HasSubstr("syscalls[0].includes.minKernel: the engine does not know")));
    }
  }
}

TEST(Engine, CrunReadsSixTestsOfARule) {
  std::string args;
  for (int i = 0; i < 7; ++i) {
    args += (i == 0 ? "" : ",") + (R"({"index":0,"op":"SCMP_CMP_EQ","value":)" + std::to_string(i)) + "}";
  }
  const std::string json = with_rule(R"("names":["read"],"action":"SCMP_ACT_ALLOW","args":[)" + args + "]");
  for (const Engine engine : all_engines) {
    const Decider decide(json, with_engine(engine));
    EXPECT_EQ(decide(nr_read, {5}), allow);
    EXPECT_EQ(decide(nr_read, {6}), uses_crun(engine) ? eperm : allow);
    if (uses_crun(engine)) {
      EXPECT_THAT(decide.notes(), Contains(HasSubstr("syscalls[0].args: crun reads the first 6")));
    }
  }
}

TEST(Engine, UselessErrorNumberIsRefusedExceptByRunc) {
  const std::string of_rule = with_rule(R"("names":["read"],"action":"SCMP_ACT_ALLOW","errnoRet":1)");
  const std::string of_default = R"({"defaultAction":"SCMP_ACT_KILL","defaultErrnoRet":1})";
  for (const Engine engine : all_engines) {
    const OciOptions options = with_engine(engine);
    if (uses_runc(engine)) {
      EXPECT_THAT(Decider(of_rule, options).notes(),
                  Contains(HasSubstr("syscalls[0].errnoRet: this action has no error")));
      EXPECT_THAT(Decider(of_default, options).notes(),
                  Contains(HasSubstr("defaultErrnoRet: this action has no error")));
    } else {
      EXPECT_EQ(error_of(of_rule, options), "syscalls[0].errnoRet: this action has no error number");
      EXPECT_EQ(error_of(of_default, options), "defaultErrnoRet: this action has no error number");
    }
  }
}

TEST(Engine, NotificationWithoutAListenerIsTold) {
  const std::string rule = R"({"defaultAction":"SCMP_ACT_ALLOW",)";
  const std::string rules = R"("syscalls":[{"names":["read"],"action":"SCMP_ACT_NOTIFY"},
      {"names":["bpf"],"action":"SCMP_ACT_NOTIFY"}]})";
  const char* note = "syscalls[0].action: SCMP_ACT_NOTIFY needs a \"listenerPath\"; runc refuses to start without it";
  EXPECT_THAT(Decider(rule + rules, with_engine(Engine::runc)).notes(), ElementsAre(note));
  EXPECT_THAT(Decider(rule + R"("listenerPath":"",)" + rules).notes(), ElementsAre(note));
  EXPECT_THAT(Decider(rule + R"("listenerPath":"/run/l",)" + rules).notes(), IsEmpty());
}

TEST(Engine, NotificationThatWouldHangIsRefusedExceptByCrun) {
  const std::string of_default = R"({"defaultAction":"SCMP_ACT_NOTIFY"})";
  const std::string of_write = with_rule(R"("names":["read","write"],"action":"SCMP_ACT_NOTIFY")");
  for (const Engine engine : all_engines) {
    const OciOptions options = with_engine(engine);
    if (uses_crun(engine)) {
      EXPECT_EQ(Decider(of_default, options)(nr_read), action::user_notif);
      EXPECT_EQ(Decider(of_write, options)(1), action::user_notif);
    } else {
      EXPECT_EQ(error_of(of_default, options), "defaultAction: SCMP_ACT_NOTIFY cannot be the default action");
      EXPECT_EQ(error_of(of_write, options), "syscalls[0].action: SCMP_ACT_NOTIFY cannot be used for write");
    }
  }
}

}  // namespace
}  // namespace callgate::profiles
