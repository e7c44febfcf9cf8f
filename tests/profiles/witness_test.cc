// Filters of libseccomp's that decide calls in another way than the rules say.
#include <gmock/gmock.h>

#include "profiles/libseccomp.h"
#include "tests/profiles/decider.h"

namespace callgate::profiles {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint32_t nr_read = 0;

std::string rule(const std::string& action, const std::string& op, const std::string& value, int index = 2) {
  return R"("names":["read"],"action":"SCMP_ACT_)" + action + R"(","args":[{"index":)" + std::to_string(index) +
         R"(,"op":"SCMP_CMP_)" + op + R"(","value":)" + value + "}]";
}

std::string everything(const std::string& action) { return R"("names":["read"],"action":"SCMP_ACT_)" + action + '"'; }

bool libseccomp_is_mended() { return libseccomp_version() >= LibseccompVersion{2, 6, 1}; }

OciOptions accepting() {
  OciOptions options;
  options.accept_mismatch = true;
  return options;
}

// GHSA-4q85-33p6-j5g6: which of the orders weakens the filter depends on libseccomp; no filter may allow the call.
TEST(Witness, OrderOfTwoRulesDoesNotWeakenAFilter) {
  const std::string allowed = rule("ALLOW", "LT", "4294967312");        // 0x100000010
  const std::string killed = rule("KILL_PROCESS", "LT", "4294967301");  // 0x100000005
  int refused = 0;
  for (const std::string& json : {with_rules({allowed, killed}), with_rules({killed, allowed})}) {
    const auto filter = compile_oci(json);
    if (filter) {
      EXPECT_EQ(Decider(json)(nr_read, {0, 0, 1}), action::kill_process);
      continue;
    }
    ++refused;
    EXPECT_THAT(filter.error(), HasSubstr("makes ALLOW of read("));
    EXPECT_THAT(filter.error(), HasSubstr("says KILL_PROCESS"));
    EXPECT_THAT(filter.error(),
                AnyOf(HasSubstr("syscalls[0]: libseccomp 2."), HasSubstr("syscalls[1]: libseccomp 2.")));
    if (!libseccomp_is_mended()) {
      EXPECT_THAT(filter.error(), HasSubstr("GHSA-4q85-33p6-j5g6"));
    }
    const Decider anyway(json, accepting());
    EXPECT_THAT(anyway.notes(), Contains(HasSubstr("makes ALLOW of read(")));
    EXPECT_EQ(anyway(nr_read, {0, 0, 1}), allow) << "accepted, but told";
  }
  if (!libseccomp_is_mended()) {
    EXPECT_GE(refused, 1);
  }
}

// The same fault, where no rule means the call: the filter allows what the default action forbids.
TEST(Witness, CallsThatNoRuleMeansHaveTheDefaultAction) {
  const std::string json = with_rules({rule("ALLOW", "GT", "4294967312"), rule("KILL_PROCESS", "LE", "0")});
  const auto filter = compile_oci(json);
  if (filter) {
    EXPECT_EQ(Decider(json)(nr_read, {0, 0, 4}), eperm);
  } else {
    EXPECT_THAT(filter.error(), HasSubstr("where no rule holds and the default action is ERRNO(1)"));
  }
  if (!libseccomp_is_mended()) {
    EXPECT_FALSE(filter);
  }
}

// All pairs of small rules: what compiles decides as the rules say.
TEST(Witness, WhatCompilesDecidesAsTheRulesSay) {
  constexpr const char* operators[] = {"NE", "LT", "LE", "EQ", "GE", "GT"};
  constexpr std::uint64_t data[] = {5, 0x100000005, 0x100000010};
  const auto holds = [](int op, std::uint64_t value, std::uint64_t datum) {
    const bool results[] = {value != datum, value<datum, value <= datum, value == datum, value >= datum, value> datum};
    return results[op];
  };
  int compiled = 0, refused = 0;
  for (int first = 0; first < 6; ++first) {
    for (int second = 0; second < 6; ++second) {
      const std::uint64_t a = data[(first + second) % 3], b = data[(first * 2 + second) % 3];
      const std::string json = with_rules({rule("ALLOW", operators[first], std::to_string(a)),
                                           rule("KILL_PROCESS", operators[second], std::to_string(b))});
      const auto filter = compile_oci(json);
      ++(filter ? compiled : refused);
      if (!filter) continue;
      const Decider decide(json);
      for (const std::uint64_t high : {0u, 1u, 2u}) {
        for (const std::uint64_t low : {0u, 4u, 5u, 6u, 15u, 16u, 17u, UINT32_MAX}) {
          const std::uint64_t value = high << 32 | low;
          const std::uint32_t expected = holds(second, value, b)  ? action::kill_process
                                         : holds(first, value, a) ? allow
                                                                  : eperm;
          EXPECT_EQ(decide(nr_read, {0, 0, value}), expected) << json << " " << value;
        }
      }
    }
  }
  EXPECT_GT(compiled, 0);
  EXPECT_GT(refused, 0) << "rules that overlap";
}

TEST(Witness, StrictRuleBesideOneThatOverlaps) {
  // libseccomp of every version asks for LE before EQ, or the other way round, whatever the order of the rules.
  for (const auto& rules : {std::vector{rule("ALLOW", "NE", "7"), rule("KILL_PROCESS", "EQ", "5")},
                            std::vector{rule("KILL_PROCESS", "EQ", "5"), rule("ALLOW", "NE", "7")}}) {
    const auto filter = compile_oci(with_rules(rules));
    if (filter) {
      EXPECT_EQ(Decider(with_rules(rules))(nr_read, {0, 0, 5}), action::kill_process);
    }
    if (!filter) {
      EXPECT_THAT(filter.error(), HasSubstr("makes ALLOW of read(0x0, 0x0, 0x5)"));
    }
  }
}

// The brother: a rule that says the default action is left out by engines, so one that overlaps it wins.
TEST(Witness, RuleWithTheDefaultActionLosesAgainstOneThatOverlaps) {
  const std::string json =
      with_rules({rule("ALLOW", "LT", "10"), rule("KILL_PROCESS", "EQ", "5")}, "SCMP_ACT_KILL_PROCESS");
  EXPECT_THAT(error_of(json), HasSubstr("syscalls[1]: libseccomp"));
  EXPECT_THAT(error_of(json), HasSubstr("makes ALLOW of read(0x0, 0x0, 0x5), where this rule says KILL_PROCESS"));
}

// libseccomp says so in its manual, and all engines live with it: a note.
TEST(Witness, RuleWithoutTestsMakesOthersUseless) {
  const Decider conditional(with_rules({rule("KILL_PROCESS", "EQ", "5"), everything("ALLOW")}));
  EXPECT_EQ(conditional(nr_read, {0, 0, 5}), allow);
  EXPECT_THAT(conditional.notes(),
              ElementsAre("syscalls[0]: KILL_PROCESS for \"read\" has no effect: syscalls[1] says ALLOW "
                          "whatever the arguments are"));
  const Decider second(with_rules({everything("ALLOW"), everything("KILL_PROCESS")}));
  EXPECT_EQ(second(nr_read), allow);
  EXPECT_THAT(second.notes(), ElementsAre(HasSubstr("syscalls[1]: KILL_PROCESS for \"read\" has no effect")));
  EXPECT_THAT(Decider(with_rules({everything("KILL_PROCESS"), everything("ALLOW")})).notes(), IsEmpty());
}

TEST(Witness, RulesThatExcludeEachOtherAreFine) {
  const Decider decide(
      with_rules({rule("ALLOW", "LE", "4"), rule("KILL_PROCESS", "EQ", "5"), rule("TRAP", "EQ", "6")}));
  EXPECT_EQ(decide(nr_read, {0, 0, 4}), allow);
  EXPECT_EQ(decide(nr_read, {0, 0, 5}), action::kill_process);
  EXPECT_EQ(decide(nr_read, {0, 0, 7}), eperm);
  EXPECT_THAT(decide.notes(), IsEmpty());
}

// libseccomp looks at 32 bits of arguments of i386 and x32, and so does who compares with it.
TEST(Witness, NarrowArchitecturesSeeHalfOfAnArgument) {
  const std::string json = R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86","SCMP_ARCH_X32"],
      "syscalls":[{)" + rule("ALLOW", "EQ", "18446744073709551516", 0) +
                           "}]}";
  const Decider decide(json);
  EXPECT_EQ(decide(nr_read, {0xffffffffffffff9c}), allow);
  EXPECT_EQ(decide(nr_read, {0xffffff9c}), eperm);
  EXPECT_EQ(decide(3, {0xffffff9c}, arch::x86_32), allow);
  EXPECT_EQ(decide(arch::x32_bit, {0xffffff9c}), allow);
}

TEST(Witness, ManyRulesAreTriedInBoundedTime) {
  std::vector<std::string> rules;
  for (int i = 0; i < 800; ++i) rules.push_back(rule("ALLOW", "EQ", std::to_string(i * 4294967299LL), i % 2));
  OciOptions options;
  options.seconds = 60;
  const Decider decide(with_rules(rules), options);
  EXPECT_EQ(decide(nr_read, {0}), allow);
}

}  // namespace
}  // namespace callgate::profiles
