// The rules by which results are merged, as oracles state them, against the order that docs/semantics.md lists.
#include "oracles/reference/reference.h"

#include <gtest/gtest.h>

#include <iterator>

#include "tests/support/chains.h"
#include "tests/support/filters.h"

namespace callgate::oracles {
namespace {

// Strictest first: KILL_PROCESS, other negatives, KILL_THREAD, the rest by number, ALLOW.
constexpr std::uint32_t by_strictness[] = {
    0x80000000, 0x80010000, 0xfffe0000, 0xffff0000, 0x00000000, 0x00010000, 0x00030000, 0x00040000,
    0x00050000, 0x00060000, 0x7fc00000, 0x7ff00000, 0x7ff80000, 0x7ffc0000, 0x7ffe0000, 0x7fff0000,
};
constexpr std::size_t allow = std::size(by_strictness) - 1;

std::uint32_t merged(MergeRule rule, std::uint32_t older, std::uint32_t newer) {
  const std::uint32_t results[] = {older, newer};
  return oracles::merged(results, rule);
}

TEST(Reference, MostRestrictiveTakesTheFirstOfTheOrder) {
  for (std::size_t older = 0; older < allow; ++older) {
    for (std::size_t newer = 0; newer < allow; ++newer) {
      const std::uint32_t stricter = older < newer ? by_strictness[older] | 1 : by_strictness[newer] | 2;
      EXPECT_EQ(merged(MergeRule::most_restrictive, by_strictness[older] | 1, by_strictness[newer] | 2), stricter)
          << std::hex << by_strictness[older] << " below " << by_strictness[newer];
    }
  }
}

TEST(Reference, FirstNonAllowTakesTheNewestThatObjects) {
  for (std::size_t older = 0; older < allow; ++older) {
    for (std::size_t newer = 0; newer < allow; ++newer) {
      EXPECT_EQ(merged(MergeRule::first_non_allow, by_strictness[older] | 1, by_strictness[newer] | 2),
                by_strictness[newer] | 2);
    }
  }
}

TEST(Reference, AllowGivesWayAndLosesItsData) {
  for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
    EXPECT_EQ(oracles::merged({}, rule), 0x7fff0000u);
    EXPECT_EQ(merged(rule, 0x7fff0001, 0x7fffffff), 0x7fff0000u);
    for (std::size_t other = 0; other < allow; ++other) {
      EXPECT_EQ(merged(rule, 0x7fff0001, by_strictness[other]), by_strictness[other]);
      EXPECT_EQ(merged(rule, by_strictness[other], 0x7fff0001), by_strictness[other]);
    }
  }
}

// Of several filters that give the result, the newest is named.
TEST(Reference, NamesTheNewestFilterWithTheResult) {
  const auto returns = [](std::uint32_t result) {
    const Insn insns[] = {{0x06, 0, 0, result}};
    return test::program(insns);
  };
  const std::vector<Program> filters = {returns(0x50001), returns(0x30002), returns(0x30002), returns(0x50001),
                                        returns(0x7fff0009)};
  const Match strictest = test::reference(filters, MergeRule::most_restrictive, {});
  EXPECT_EQ(strictest.result, 0x30002u);
  EXPECT_EQ(strictest.filter, 2u);
  const Match newest = test::reference(filters, MergeRule::first_non_allow, {});
  EXPECT_EQ(newest.result, 0x50001u);
  EXPECT_EQ(newest.filter, 3u);
  EXPECT_EQ(test::reference({returns(0x7fff0009)}, MergeRule::first_non_allow, {}).filter, std::nullopt);
}

}  // namespace
}  // namespace callgate::oracles
