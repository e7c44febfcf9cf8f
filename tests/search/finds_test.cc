// The dearest chains that the search has found (tests/golden/search): decided right, within the bounds of every chain,
// and no dearer than they were. Counts are compared, not times.
#include <gtest/gtest.h>

#include <algorithm>

#include "compose/plan.h"
#include "oracles/generator/inputs.h"
#include "oracles/reference/reference.h"
#include "tests/search/costs.h"
#include "tests/support/allocations.h"
#include "tests/support/chains.h"
#include "tests/support/golden_filters.h"

namespace callgate::test {
namespace {

struct Kept {
  const char* name;
  Attaching attaching;
  MergeRule rule;
  Counts most;  // a tenth above what it was with Xbyak's x86_64 code; half for the code, which others write longer
};

void PrintTo(const Kept& kept, std::ostream* out) { *out << kept.name; }

constexpr Kept all[] = {
    {"one-kept", Attaching::at_once, MergeRule::most_restrictive, {1628325, 123490, 44488, 3180, 0}},
    // Of these two, 46 filters and one were in baseline form before all of them were composed.
    {"array-peak", Attaching::at_once, MergeRule::most_restrictive, {721080, 108618, 111091, 2719, 0}},
    {"array-kept", Attaching::at_once, MergeRule::most_restrictive, {813445, 110677, 65817, 2761, 0}},
    // Composed at once it takes a quarter of the steps that it took filter by filter, hence the nodes.
    {"stack-time", Attaching::one_by_one, MergeRule::most_restrictive, {777823, 72758, 53827, 2190, 0}},
};

class Finds : public testing::TestWithParam<Kept> {
 protected:
  const std::vector<Program> filters_ = golden_filters(std::string("search/") + GetParam().name + ".bpf");
};

TEST_P(Finds, CostNoMoreThanTheyDid) {
  const Kept& kept = GetParam();
  oracles::Candidate candidate{{}, kept.rule};
  for (const Program& filter : filters_) {
    candidate.filters.emplace_back(filter.instructions().begin(), filter.instructions().end());
  }
  const Counts counts = counts_of(candidate, kept.attaching);
  expect_within_bounds(candidate, counts);
#ifdef NDEBUG
  if (!native_engines().empty()) {
    EXPECT_LE(counts.peak, kept.most.peak);
    EXPECT_LE(counts.kept, kept.most.kept);
  }
#endif
  EXPECT_LE(counts.code, kept.most.code);
  EXPECT_LE(counts.nodes, kept.most.nodes);
  EXPECT_LE(counts.baseline, kept.most.baseline);
}

TEST_P(Finds, AreDecidedRight) {
  const Kept& kept = GetParam();
  const Chain chain = chain_of(filters_, {.rule = kept.rule, .path_limit = 0});
  for (std::size_t i = 0; i < filters_.size(); i += 7) {
    for (const SeccompData& data : oracles::inputs_for(filters_[i].instructions(), i, 16)) {
      ASSERT_EQ(chain.evaluate(data), oracles::reference(filters_, kept.rule, data)) << "inputs of filter " << i;
    }
  }
}

// Blocks of memory that composing so many small filters in one array asks for.
std::size_t blocks_for(std::uint32_t count) {
  std::vector<Program> filters;
  for (std::uint32_t i = 0; i < count; ++i) {
    const Insn insns[] = {{0x20, 0, 0, 0}, {0x15, 0, 3, i % 400},    {0x20, 0, 0, 16 + 8 * (i % 3)},
                          {0x15, 0, 1, i}, {0x06, 0, 0, 0x00050002}, {0x06, 0, 0, 0x7fff0000}};
    filters.push_back(program(insns));
  }
  const std::size_t before = allocations();
  static_cast<void>(compose::make_plan(filters, {}));
  return allocations() - before;
}

// Each filter made room for just itself, and so the whole graph was copied for each: 4,000 took 17 times as long as
// 1,000.
TEST(ManySmallFilters, DoNotMoveTheGraphForEach) {
  const std::size_t blocks = blocks_for(3000) - blocks_for(2000);
  EXPECT_LE(blocks, 5'500u) << "one more for each filter, and it is the graph";
}

INSTANTIATE_TEST_SUITE_P(Kept, Finds, testing::ValuesIn(all), [](const auto& param) {
  std::string name = param.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace callgate::test
