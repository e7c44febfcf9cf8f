// What a chain may decide about calls that are not known in whole, against calls that are.
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/outcomes.h"
#include "oracles/generator/program_generator.h"
#include "oracles/reference/reference.h"
#include "tests/cli/filters.h"

namespace callgate::test {
namespace {

using cli::Outcome;
using cli::possible_outcomes;
using oracles::Random;

Program program(std::string_view text) { return *verify(*bpf::assemble(text)); }

std::vector<Outcome> outcomes(std::string_view text, const SeccompData& data, const SeccompData& unknown) {
  const Program one = program(text);
  return possible_outcomes(std::span(&one, 1), MergeRule::first_non_allow, data, unknown);
}

SeccompData unknown_argument(std::uint64_t bits) {
  SeccompData unknown{};
  unknown.args[0] = bits;
  return unknown;
}

TEST(Outcomes, BranchesThatKnownBitsDecide) {
  const auto count = [](const char* test, std::uint64_t value, std::uint64_t unknown) {
    SeccompData data{};
    data.args[0] = value;
    return outcomes("ld [16]\n" + std::string(test) + ", yes, no\nyes: ret #1\nno: ret #2\n", data,
                    unknown_argument(unknown))
        .size();
  };
  EXPECT_EQ(count("jeq #4", 4, 0), 1u);
  EXPECT_EQ(count("jeq #4", 4, 1), 2u);
  EXPECT_EQ(count("jeq #4", 8, 1), 1u);
  EXPECT_EQ(count("jgt #15", 0, 15), 1u);
  EXPECT_EQ(count("jgt #14", 0, 15), 2u);
  EXPECT_EQ(count("jge #16", 16, 15), 1u);
  EXPECT_EQ(count("jset #1", 1, 0xf0), 1u);
  EXPECT_EQ(count("jset #0x10", 1, 0xf0), 2u);
  EXPECT_EQ(count("jset #0x100", 1, 0xf0), 1u);
  EXPECT_EQ(count("jeq #4", 4, 0xffffffff00000000), 1u) << "the other half";
}

TEST(Outcomes, BranchesTeach) {
  const char* twice = "ld [16]\njeq #4, again, no\nagain: ld [16]\njeq #4, yes, no\nno: ret #1\nyes: ret #2\n";
  EXPECT_EQ(outcomes(twice, {}, unknown_argument(~0ull)).size(), 2u);
  const char* never = "ld [16]\njset #4, no, again\nagain: ld [16]\njset #4, yes, no\nno: ret #1\nyes: ret #2\n";
  EXPECT_EQ(outcomes(never, {}, unknown_argument(~0ull)).size(), 1u);
}

TEST(Outcomes, DivisorsThatMayBeZero) {
  const char* divide = "ld [16]\ntax\nld #8\ndiv x\nret #0x7fff0000\n";
  const auto found = outcomes(divide, {}, unknown_argument(~0ull));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], (Outcome{0, 0, 3})) << "the kernel ends the filter with 0";
  EXPECT_EQ(found[1].result, action::allow);
}

TEST(Outcomes, TooManyAreNone) { EXPECT_TRUE(outcomes("ld [16]\nret a\n", {}, unknown_argument(1)).empty()); }

// Whatever the unknown bits are, what the chain decides is among the outcomes; and nothing unknown leaves one.
TEST(Outcomes, HoldEveryDecision) {
  Random random(3);
  std::size_t several = 0;
  for (int i = 0; i < 3000; ++i) {
    oracles::ProgramGenerator generator(random.next());
    std::vector<Program> chain;
    for (std::uint32_t n = 1 + random.below(3); n > 0; --n) {
      if (auto verified = verify(generator.valid(24))) chain.push_back(std::move(*verified));
    }
    const MergeRule rule = random.chance(50) ? MergeRule::first_non_allow : MergeRule::most_restrictive;
    SeccompData data{random.below(8), arch::x86_64, random.next(), {random.below(16), random.next(), 0, 1, 2, 3}};
    SeccompData unknown{};
    unknown.args[0] = random.chance(50) ? 0xf : ~0ull;
    unknown.args[1] = random.chance(50) ? 0xffffffff00000000 : 0;
    for (std::size_t a = 0; a < 2; ++a) data.args[a] &= ~unknown.args[a];
    const auto exact = possible_outcomes(chain, rule, data, {});
    ASSERT_EQ(exact.size(), 1u);
    ASSERT_EQ(exact[0].result, oracles::reference(chain, rule, data));
    const auto possible = possible_outcomes(chain, rule, data, unknown);
    several += possible.size() > 1;
    if (possible.empty()) continue;
    for (int k = 0; k < 20; ++k) {
      SeccompData call = data;
      for (std::size_t a = 0; a < 2; ++a)
        call.args[a] |= (random.chance(50) ? random.next() : random.below(16)) & unknown.args[a];
      const std::uint32_t result = oracles::reference(chain, rule, call);
      ASSERT_TRUE(std::ranges::any_of(possible, [&](const Outcome& o) { return o.result == result; })) << i;
    }
  }
  EXPECT_GT(several, 4u);
}

}  // namespace
}  // namespace callgate::test
