// The climb itself: it gets to what costs most, by valid filters within the shape, and the same way every time.
#include "oracles/search/climb.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "oracles/search/changes.h"
#include "verifier/verify.h"

namespace callgate::oracles {
namespace {

constexpr std::uint16_t jset_k = 0x45;

double bit_tests(const Candidate& candidate) {
  std::ptrdiff_t found = 0;
  for (const auto& filter : candidate.filters) {
    found += std::count_if(filter.begin(), filter.end(), [](const Insn& in) { return in.code == jset_k; });
  }
  return static_cast<double>(found);
}

TEST(Climb, GetsFarAboveWhereItBegan) {
  constexpr Shape shape{1, 64};
  Random random(5);
  double by_chance = 0;
  for (int i = 0; i < 200; ++i) by_chance += bit_tests(start(random, shape)) / 200;
  const Find find = climb(5, shape, bit_tests, {.max_questions = 2000});
  EXPECT_EQ(find.cost, bit_tests(find.candidate));
  EXPECT_GT(find.cost, 4 * by_chance);
}

TEST(Climb, IsTheSameForTheSameSeed) {
  constexpr Shape shape{6, 20};
  const Find one = climb(7, shape, bit_tests, {.max_questions = 500});
  const Find other = climb(7, shape, bit_tests, {.max_questions = 500});
  EXPECT_EQ(one.candidate.filters, other.candidate.filters);
  EXPECT_EQ(one.questions, 500u);
}

TEST(Climb, AsksOnlyAboutValidFiltersWithinTheShape) {
  constexpr Shape shape{5, 30};
  std::size_t most_filters = 0;
  const auto cost = [&](const Candidate& candidate) {
    EXPECT_FALSE(candidate.filters.empty());
    EXPECT_LE(candidate.filters.size(), shape.filters);
    most_filters = std::max(most_filters, candidate.filters.size());
    double longest = 0;
    for (const auto& filter : candidate.filters) {
      EXPECT_LE(filter.size(), shape.instructions);
      EXPECT_FALSE(verifier::check(filter));
      longest = std::max(longest, static_cast<double>(filter.size()));
    }
    return longest;
  };
  EXPECT_EQ(climb(8, shape, cost, {.max_questions = 2000}).cost, shape.instructions);
  EXPECT_EQ(most_filters, shape.filters);
}

TEST(Climb, TrimsWhatDoesNotCost) {
  const Find find = climb(9, {4, 40}, bit_tests, {.max_questions = 1000});
  ASSERT_GT(find.cost, 4);
  const Find small = trimmed(find, 0.5, bit_tests, {.max_questions = 4000});
  EXPECT_GE(small.cost, find.cost / 2);
  EXPECT_EQ(small.cost, bit_tests(small.candidate));
  std::size_t insns = 0;
  for (const auto& filter : small.candidate.filters) insns += filter.size();
  EXPECT_LE(static_cast<double>(insns), small.cost + static_cast<double>(small.candidate.filters.size()));
}

}  // namespace
}  // namespace callgate::oracles
