// Calls that the machine's libseccomp may not know.
#include <gmock/gmock.h>

#include "bpf/syscalls.h"
#include "tests/profiles/decider.h"

namespace callgate::profiles {
namespace {

using arch::x32_bit;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint32_t nr_read = 0, nr_mseal = 462, nr_listns = 470;

std::string on_all_arches(const std::string& rules) {
  return R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86","SCMP_ARCH_X32"],"syscalls":[)" + rules +
         "]}";
}

TEST(NewCalls, AreKnownOnEveryArchitecture) {
  const Decider decide(on_all_arches(R"({"names":["read","mseal","listns"],"action":"SCMP_ACT_ALLOW"})"));
  EXPECT_THAT(decide.notes(), IsEmpty());
  for (const std::uint32_t nr : {nr_mseal, nr_listns}) {
    EXPECT_EQ(decide(nr), allow) << nr;
    EXPECT_EQ(decide(nr | x32_bit), allow) << nr;
    EXPECT_EQ(decide(nr, {}, arch::x86_32), allow) << nr;
    EXPECT_EQ(decide(nr, {}, 0xc00000b7), action::kill_thread) << "another architecture";
  }
  EXPECT_EQ(decide(nr_mseal - 1), eperm);
  EXPECT_EQ(decide(nr_mseal + 1), eperm);
  EXPECT_EQ(decide(nr_read), allow);
}

TEST(NewCalls, OnlyOnTheArchitecturesOfTheProfile) {
  const Decider decide(with_rule(R"("names":["mseal"],"action":"SCMP_ACT_ALLOW")"));
  EXPECT_EQ(decide(nr_mseal), allow);
  EXPECT_EQ(decide(nr_mseal | x32_bit), action::kill_thread);
  EXPECT_EQ(decide(nr_mseal, {}, arch::x86_32), action::kill_thread);
}

TEST(NewCalls, OfOneArchitectureAlone) {
  const Decider decide(on_all_arches(R"({"names":["uretprobe"],"action":"SCMP_ACT_ALLOW"})"));
  EXPECT_EQ(decide(335), allow);
  EXPECT_EQ(decide(335, {}, arch::x86_32), eperm);
}

// What libseccomp knows needs nothing in front: its own filter is used as it is.
TEST(NewCalls, OldOnesAreLibseccomps) {
  const std::string old = R"("read","recvmmsg","sendmmsg","socket","accept4","shutdown","semget","msgctl","ipc")";
  const Decider decide(on_all_arches("{\"names\":[" + old + R"(],"action":"SCMP_ACT_ALLOW"})"));
  EXPECT_EQ(decide.count(337), 1) << "once, not in front as well";
  EXPECT_EQ(decide.count(359), 1);
  for (const std::uint32_t nr : {337u, 345u, 359u, 364u, 373u, 393u, 402u, 117u}) {
    EXPECT_EQ(decide(nr, {}, arch::x86_32), allow) << nr;
  }
}

// x32 lacks this call; libseccomp since 2.6.0 says otherwise.
TEST(NewCalls, OnesThatSomeArchitecturesLack) {
  const Decider decide(on_all_arches(R"({"names":["map_shadow_stack"],"action":"SCMP_ACT_ALLOW"})"));
  EXPECT_EQ(decide(453), allow);
  EXPECT_EQ(decide(453, {}, arch::x86_32), allow);
}

// "riscv_hwprobe" of Docker's profile.
TEST(NewCalls, NamesOfOtherArchitecturesAreNoNews) {
  const Decider decide(
      with_rule(R"("names":["riscv_hwprobe","s390_pci_mmio_read","breakpoint"],"action":"SCMP_ACT_ALLOW")"));
  EXPECT_THAT(decide.notes(), IsEmpty());
  for (std::uint32_t nr = 0; nr < 600; ++nr) EXPECT_EQ(decide(nr), eperm) << nr;
}

TEST(NewCalls, EveryCallOfTheTableCanBeNamed) {
  for (const std::uint32_t arch : {arch::x86_64, arch::x86_32}) {
    OciOptions options;
    options.native_arch = arch;
    options.kernel = {6, 1};
    std::string names;
    std::vector<std::uint32_t> numbers;
    for (std::uint32_t nr = 0; nr < 600; ++nr) {
      const std::string_view name = bpf::syscall_name(nr, arch);
      if (name.empty()) continue;
      names += (names.empty() ? "\"" : ",\"") + std::string(name) + '"';
      numbers.push_back(nr);
    }
    const Decider decide(on_all_arches("{\"names\":[" + names + R"(],"action":"SCMP_ACT_LOG"})"), options);
    EXPECT_THAT(decide.notes(), IsEmpty());
    for (const std::uint32_t nr : numbers) EXPECT_EQ(decide(nr, {}, arch), action::log) << nr;
    for (std::uint32_t nr = x32_bit; arch == arch::x86_64 && nr < x32_bit + 600; ++nr) {
      const std::string_view name = bpf::syscall_name(nr, arch);
      const bool named = !name.empty() && bpf::syscall_number(name, arch);
      if (named) {
        EXPECT_EQ(decide(nr), action::log) << name;
      }
    }
  }
}

struct Case {
  const char* op;
  bool below, equal, above, low_half;  // below, at and above 0x100000005; at 6
};

TEST(NewCalls, EveryOperator) {
  const Case cases[] = {
      {"SCMP_CMP_NE", true, false, true, true},  {"SCMP_CMP_LT", true, false, false, true},
      {"SCMP_CMP_LE", true, true, false, true},  {"SCMP_CMP_EQ", false, true, false, false},
      {"SCMP_CMP_GE", false, true, true, false}, {"SCMP_CMP_GT", false, false, true, false},
  };
  constexpr std::uint64_t value = 0x100000005;
  for (const Case& c : cases) {
    const Decider decide(
        on_all_arches(R"({"names":["mseal"],"action":"SCMP_ACT_ALLOW","args":[{"index":3,"value":4294967301,
        "op":")" + std::string(c.op) +
                      "\"}]}"));
    EXPECT_EQ(decide(nr_mseal, {0, 0, 0, value - 1}) == allow, c.below) << c.op;
    EXPECT_EQ(decide(nr_mseal, {0, 0, 0, value}) == allow, c.equal) << c.op;
    EXPECT_EQ(decide(nr_mseal, {0, 0, 0, value + 1}) == allow, c.above) << c.op;
    EXPECT_EQ(decide(nr_mseal, {0, 0, 0, 6}) == allow, c.low_half) << c.op;
    EXPECT_EQ(decide(nr_mseal, {0, 0, 0, 0x300000000}) == allow, c.above) << c.op;
    EXPECT_EQ(decide(nr_mseal, {0, 0, 0, 5}, arch::x86_32) == allow, c.equal) << c.op << ": 32 bits count on i386";
  }
}

TEST(NewCalls, MaskedEqual) {
  const Decider decide(with_rule(R"("names":["mseal"],"action":"SCMP_ACT_ALLOW",
      "args":[{"index":0,"value":18446744069414584335,"valueTwo":3,"op":"SCMP_CMP_MASKED_EQ"}])"));
  EXPECT_EQ(decide(nr_mseal, {0x03}), allow);
  EXPECT_EQ(decide(nr_mseal, {0xf3}), allow);
  EXPECT_EQ(decide(nr_mseal, {0x07}), eperm);
  EXPECT_EQ(decide(nr_mseal, {0x100000003}), eperm);
}

TEST(NewCalls, SeveralTestsAndSeveralRules) {
  const Decider decide(with_rules({
      R"("names":["mseal"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"},
         {"index":1,"value":2,"op":"SCMP_CMP_EQ"}])",
      R"("names":["mseal"],"action":"SCMP_ACT_TRAP","args":[{"index":2,"value":9,"op":"SCMP_CMP_EQ"}])",
  }));
  EXPECT_EQ(decide(nr_mseal, {1, 2, 0}), allow);
  EXPECT_EQ(decide(nr_mseal, {1, 3, 0}), eperm);
  EXPECT_EQ(decide(nr_mseal, {1, 2, 9}), action::trap) << "the stricter one";
  EXPECT_EQ(decide(nr_mseal, {0, 0, 9}), action::trap);
}

TEST(NewCalls, AlternativesAndDefaults) {
  const Decider decide(with_rules({
      R"("names":["mseal"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"},
         {"index":0,"value":2,"op":"SCMP_CMP_EQ"}])",
      R"("names":["listns"],"action":"SCMP_ACT_ERRNO")",
  }));
  EXPECT_EQ(decide(nr_mseal, {1}), allow);
  EXPECT_EQ(decide(nr_mseal, {2}), allow);
  EXPECT_EQ(decide(nr_mseal, {3}), eperm);
  EXPECT_EQ(decide(nr_listns), eperm);
}

TEST(NewCalls, ManyOfThemNeedLongJumps) {
  std::vector<std::string> rules;
  for (int i = 0; i < 200; ++i) {
    rules.push_back(R"("names":["mseal"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":)" +
                    std::to_string(i * 4294967299LL) + R"(,"op":"SCMP_CMP_EQ"}])");
  }
  rules.push_back(R"("names":["listns"],"action":"SCMP_ACT_LOG")");
  const Decider decide(with_rules(rules));
  EXPECT_EQ(decide(nr_mseal, {199 * 4294967299ULL}), allow);
  EXPECT_EQ(decide(nr_mseal, {200 * 4294967299ULL}), eperm);
  EXPECT_EQ(decide(nr_listns), action::log);
  EXPECT_EQ(decide(nr_read), eperm);
}

TEST(NewCalls, UnfilteredOnesAreTold) {
  OciOptions options;
  const std::string json =
      with_rule(R"("names":["uretprobe","uprobe"],"action":"SCMP_ACT_KILL_PROCESS")", "SCMP_ACT_ALLOW");
  options.kernel = {6, 13};
  EXPECT_THAT(Decider(json, options).notes(), IsEmpty());
  options.kernel = {6, 14};
  EXPECT_THAT(
      Decider(json, options).notes(),
      ElementsAre("syscalls[0]: Linux 6.14 shows no filter the call \"uretprobe\"; the rule does nothing there"));
  options.kernel = {6, 18};
  EXPECT_THAT(Decider(json, options).notes(), ElementsAre(HasSubstr("\"uretprobe\""), HasSubstr("\"uprobe\"")));
  EXPECT_THAT(Decider(with_rule(R"("names":["uretprobe"],"action":"SCMP_ACT_ALLOW")"), options).notes(), IsEmpty());
}

}  // namespace
}  // namespace callgate::profiles
