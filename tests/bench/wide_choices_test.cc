// 64-bit comparisons that libseccomp wrote as comparisons of halves: how many of them the compiler makes whole again.
#include <gtest/gtest.h>

#include "bench/filters/workload.h"
#include "compose/plan.h"
#include "compose/seccomp.h"
#include "jit/switch.h"

namespace callgate::test {
namespace {

// Intervals of 64-bit values that are told from all others: each was a comparison of two halves.
std::size_t wide_comparisons(const std::vector<Program>& filters) {
  const compose::Plan plan = compose::make_plan(filters, {});
  const compose::ChainGraph& decisions = *plan.at(0)->chain_graph();
  jit::Switches choices;
  jit::make_switches(decisions.graph, decisions.roots, {.has_64_bits = true}, choices);
  std::size_t comparisons = 0;
  for (const jit::SwitchId id : choices.ids()) {
    if (!choices[id].is_wide()) continue;
    const auto ranges = choices.ranges(choices[id]);
    for (const jit::Range& range : ranges) comparisons += range.target != ranges.back().target;
  }
  return comparisons;
}

// Equal choices are one, so this counts different ones.
TEST(WideChoices, OfTheArgumentHeavyFilter) { EXPECT_GE(wide_comparisons(bench::argument_heavy().programs()), 60u); }

TEST(WideChoices, OfTheMaximumFilter) { EXPECT_GE(wide_comparisons(bench::maximum().programs()), 60u); }

}  // namespace
}  // namespace callgate::test
