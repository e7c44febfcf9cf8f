// The workloads do what their names say.
#include <gmock/gmock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <set>

#include "bench/filters/workload.h"
#include "bench/measure/agreement.h"
#include "bench/measure/engines.h"
#include "bench/own_arguments.h"
#include "bench/peers/contest.h"
#include "bench/stream.h"

namespace callgate::bench {
namespace {

using testing::Contains;
using testing::SizeIs;

SeccompData call(const char* name, std::initializer_list<std::uint64_t> arguments = {}) {
  SeccompData data{};
  data.nr = static_cast<std::uint32_t>(seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name));
  data.arch = arch::x86_64;
  std::copy(arguments.begin(), arguments.end(), data.args);
  return data;
}

std::uint32_t decide(const Workload& workload, const SeccompData& data) {
  return decide_one_by_one(workload.programs(), data);
}

bool has_profile() { return std::filesystem::exists(container_profile); }

TEST(Hardening, EachFilterRefusesItsOwn) {
  const Workload workload = hardening();
  ASSERT_THAT(workload.filters, SizeIs(12));
  struct Case {
    const char* filter;
    SeccompData data;
    std::uint32_t result;
  };
  SeccompData x32 = call("getpid");
  x32.nr |= arch::x32_bit;
  const Case cases[] = {
      {"RestrictAddressFamilies", call("socket", {AF_PACKET, SOCK_RAW}), action::errno_ | EAFNOSUPPORT},
      {"RestrictAddressFamilies", call("socket", {AF_VSOCK, SOCK_STREAM}), action::errno_ | EAFNOSUPPORT},
      {"MemoryDenyWriteExecute", call("mmap", {0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC}), action::errno_ | EPERM},
      {"MemoryDenyWriteExecute", call("mprotect", {0, 4096, PROT_READ | PROT_EXEC}), action::errno_ | EPERM},
      {"RestrictRealtime", call("sched_setscheduler", {0, SCHED_FIFO}), action::errno_ | EPERM},
      {"RestrictRealtime", call("sched_setscheduler", {0, 0x40000000}), action::errno_ | EPERM},
      {"RestrictSUIDSGID", call("chmod", {0, 04755}), action::errno_ | EPERM},
      {"RestrictSUIDSGID", call("openat", {0, 0, 0101, 02644}), action::errno_ | EPERM},
      {"RestrictNamespaces", call("unshare", {CLONE_NEWUSER}), action::errno_ | EPERM},
      {"RestrictNamespaces", call("clone", {CLONE_NEWNET | 17}), action::errno_ | EPERM},
      {"RestrictNamespaces", call("clone3"), action::errno_ | ENOSYS},
      {"ProtectHostname", call("sethostname"), action::errno_ | EPERM},
      {"ProtectKernelModules", call("finit_module"), action::errno_ | EPERM},
      {"ProtectKernelLogs", call("syslog"), action::errno_ | EPERM},
      {"ProtectClock", call("clock_settime"), action::errno_ | EPERM},
      {"SystemCallArchitectures=native", x32, action::kill_thread},
      {"LockPersonality", call("personality", {8}), action::errno_ | EPERM},
      {"SystemCallFilter=~@obsolete @raw-io @reboot @swap", call("reboot"), action::errno_ | EPERM},
  };
  std::set<std::string> seen;
  for (const auto& [filter, data, result] : cases) {
    for (const auto& [name, program] : workload.filters) {
      const std::uint32_t answer = interpret(program, data);
      EXPECT_EQ(answer, name == filter ? result : action::allow) << name << " on number " << data.nr;
    }
    seen.insert(filter);
  }
  EXPECT_THAT(seen, SizeIs(workload.filters.size())) << "a filter without a case";
}

TEST(Hardening, OrdinaryCallsPass) {
  const Workload workload = hardening();
  for (const SeccompData& data :
       {call("read"), call("openat", {0, 0, 0101, 0644}), call("openat", {0, 0, 0, 04755}), call("personality", {0}),
        call("mmap", {0, 4096, PROT_READ | PROT_EXEC}), call("mmap", {0, 4096, PROT_READ | PROT_WRITE}),
        call("socket", {AF_UNIX, SOCK_STREAM}), call("socket", {AF_NETLINK, SOCK_RAW}), call("clone", {0x1200011}),
        call("sched_setscheduler", {0, SCHED_BATCH})}) {
    EXPECT_EQ(decide(workload, data), action::allow) << data.nr;
  }
}

TEST(Container, AllowsAndRefuses) {
  if (!has_profile()) GTEST_SKIP() << container_profile << " is not installed";
  for (const Layout layout : {Layout::linear, Layout::tree}) {
    const Workload workload = container(layout);
    EXPECT_EQ(decide(workload, call("read")), action::allow);
    EXPECT_EQ(action_of(decide(workload, call("bpf"))), action::errno_);
    EXPECT_EQ(decide(workload, call("personality", {8})), action::allow);
    EXPECT_EQ(action_of(decide(workload, call("personality", {1}))), action::errno_);
    SeccompData compat = call("read");
    compat.arch = arch::x86_32;
    compat.nr = 3;
    EXPECT_EQ(decide(workload, compat), action::allow);
  }
}

TEST(Container, TreeDecidesLikeTheLadder) {
  if (!has_profile()) GTEST_SKIP() << container_profile << " is not installed";
  const Workload ladder = container(Layout::linear);
  const Workload tree = container(Layout::tree);
  for (const SeccompData& data : uniform_stream(20'000, 11)) {
    ASSERT_EQ(decide(ladder, data), decide(tree, data)) << data.nr;
  }
}

TEST(Service, IsTheContainerBelowTheHardening) {
  if (!has_profile()) GTEST_SKIP() << container_profile << " is not installed";
  const Workload workload = service();
  ASSERT_THAT(workload.filters, SizeIs(13));
  EXPECT_EQ(workload.filters.front().name, "container profile");
}

TEST(Container, MissingProfileIsAnError) {
  EXPECT_THROW(static_cast<void>(container(Layout::linear, "/nonexistent")), std::runtime_error);
}

TEST(SshdLike, HasItsSizeAndKillsTheRest) {
  const Workload workload = sshd_like();
  EXPECT_EQ(workload.filters[0].program.size(), 112U);
  EXPECT_EQ(decide(workload, call("write")), action::allow);
  EXPECT_EQ(decide(workload, call("open")), action::errno_ | EACCES);
  EXPECT_EQ(decide(workload, call("mmap", {0, 1, PROT_READ})), action::allow);
  EXPECT_EQ(decide(workload, call("mmap", {0, 1, PROT_EXEC})), action::errno_ | EINVAL);
  EXPECT_EQ(decide(workload, call("mmap", {0, 1, PROT_READ | (std::uint64_t{1} << 32)})), action::errno_ | EINVAL);
  EXPECT_EQ(decide(workload, call("execve")), action::kill_process);
}

TEST(ArgumentHeavy, Judges41CallsByTheirArguments) {
  const Workload workload = argument_heavy();
  EXPECT_GE(workload.filters[0].program.size(), 950U);
  EXPECT_LE(workload.filters[0].program.size(), 1050U);
  EXPECT_EQ(decide(workload, call("fcntl", {0, 3})), action::allow);
  EXPECT_EQ(decide(workload, call("fcntl", {0, 99})), action::errno_ | EPERM);
  std::set<std::uint32_t> answers;
  std::set<std::uint32_t> judged;
  for (std::uint32_t nr = 0; nr < 460; ++nr) {
    answers.clear();
    for (SeccompData data : uniform_stream(3000, nr)) {
      data.nr = nr;
      for (std::uint64_t& argument : data.args) argument %= 64;
      answers.insert(decide(workload, data));
    }
    if (answers.size() > 1) judged.insert(nr);
  }
  EXPECT_LE(judged.size(), 41U);
  EXPECT_GE(judged.size(), 30U) << "the others have values that chance does not find";
}

TEST(Maximum, IsAsLongAsAFilterCanBe) {
  const Workload workload = maximum();
  EXPECT_EQ(workload.filters[0].program.size(), max_program_length);
  EXPECT_EQ(decide(workload, call("read")), action::allow);
  std::set<std::uint32_t> answers;
  for (const SeccompData& data : uniform_stream(2000, 1)) answers.insert(decide(workload, data));
  EXPECT_THAT(answers, Contains(action::allow));
  EXPECT_THAT(answers, Contains(action::errno_ | EPERM));
}

TEST(Conjunctions, AskForSeveralThingsAtOnce) {
  const Workload workload = conjunctions();
  EXPECT_GE(workload.filters[0].program.size(), 900U);
  EXPECT_LE(workload.filters[0].program.size(), 1050U);
  EXPECT_EQ(decide(workload, call("read", {3, 0x7fff00000000, 4096})), action::allow);
  EXPECT_EQ(decide(workload, call("read", {1024, 0x7fff00000000, 4096})), action::errno_ | EPERM);
  EXPECT_EQ(decide(workload, call("read", {3, 0x800000000000, 4096})), action::errno_ | EPERM);
  EXPECT_EQ(decide(workload, call("read", {3, 0x7fff00000000, 0x7ffff001})), action::errno_ | EPERM);
  EXPECT_EQ(decide(workload, call("mprotect", {1, 1, PROT_WRITE})), action::allow);
  EXPECT_EQ(decide(workload, call("mprotect", {1, 1, PROT_READ | PROT_EXEC})), action::allow);
  EXPECT_EQ(decide(workload, call("mprotect", {1, 1, PROT_WRITE | PROT_EXEC})), action::errno_ | EPERM);
  std::set<std::uint32_t> judged;
  for (const SeccompData& data : own_arguments_stream(workload.programs(), 20'000, 1)) judged.insert(data.nr);
  EXPECT_THAT(judged, SizeIs(41));
}

TEST(ValueLists, FillAFilterWithListsOfValues) {
  const Workload workload = value_lists();
  EXPECT_GE(workload.filters[0].program.size(), max_program_length - 40);
  std::map<std::uint32_t, std::set<std::uint64_t>> allowed;
  for (const SeccompData& data : own_arguments_stream(workload.programs(), 100'000, 1)) {
    SeccompData other = data;  // a number of the lists looks at nothing else
    for (const unsigned i : {0U, 2U, 3U, 4U, 5U}) other.args[i] = ~data.args[i];
    const bool is_allowed = decide(workload, data) == action::allow && decide(workload, other) == action::allow;
    if (is_allowed) allowed[data.nr].insert(data.args[1]);
  }
  std::size_t values = 0;
  std::size_t wide = 0;
  for (const auto& [nr, of_number] : allowed) {
    values += of_number.size();
    for (const std::uint64_t value : of_number) wide += static_cast<std::size_t>(value >> 32 != 0);
  }
  EXPECT_THAT(allowed, SizeIs(60));
  EXPECT_GE(values, 1400U);
  EXPECT_GE(wide, values / 4);
  EXPECT_LE(wide, values / 2);
}

TEST(Deciders, AgreeOnEveryWorkload) {
  if (!has_profile()) GTEST_SKIP() << container_profile << " is not installed";
  const std::vector<SeccompData> calls = uniform_stream(3000, 2);
  for (const Workload& workload : all_workloads()) {
    const std::vector<Program> programs = workload.programs();
    const Contest contest = make_contest(programs, Field::engines);
    for (const std::vector<SeccompData>& each : {calls, own_arguments_stream(programs, 3000, 2)}) {
      const auto found = find_disagreement(programs, contest.deciding(), each);
      EXPECT_FALSE(found) << workload.name << ": " << (found ? to_string(*found, each) : "");
    }
  }
}

}  // namespace
}  // namespace callgate::bench
