// Each program of tests/golden/ir: its graph when built, after the passes, and composed with those below it; and what
// it decides, on every engine.
#include <gtest/gtest.h>

#include <string>

#include "ir/build.h"
#include "ir/check.h"
#include "ir/compose.h"
#include "ir/opt/passes.h"
#include "ir/print.h"
#include "tests/support/agree.h"
#include "tests/support/golden_filters.h"

namespace callgate::test {
namespace {

constexpr const char* names[] = {
    "all_arithmetic",
    "allow_with_data_in_chain",
    "compare_64_bits",
    "computed_over_allow",
    "computed_over_computed",
    "computed_over_constant",
    "constant_folding",
    "constant_over_computed",
    "dead_values",
    "decided_test",
    "div_x_constant",
    "div_x_guard",
    "div_x_zero",
    "division_below_a_merge",
    "jset",
    "kill_process_over_computed",
    "kill_thread",
    "length",
    "older_folds_away",
    "ret_a",
    "ret_a_constant",
    "same_filter_twice",
    "same_way_twice",
    "scratch_diamond",
    "scratch_diamond_dead",
    "shifts_by_x",
    "ties_keep_the_newest",
    "trivial_jumps",
    "unknown_actions",
    "unreachable_code",
    "x32_guard",
};

class IrGolden : public testing::TestWithParam<const char*> {
 protected:
  const std::string path_ = std::string("ir/") + GetParam();
  const std::vector<Program> filters_ = golden_filters(path_ + ".bpf");
};

void run_passes(ir::Graph& graph) {
  ir::fold_constants(graph);
  ir::remove_dead_nodes(graph);
}

ir::Graph built(const Program& program, std::size_t filter) {
  auto graph = ir::build(program, static_cast<std::uint32_t>(filter));
  EXPECT_TRUE(graph.has_value());
  EXPECT_EQ(ir::check(*graph), std::nullopt);
  return std::move(*graph);
}

ir::Graph composed(const std::vector<ir::Graph>& oldest_first, MergeRule rule) {
  ir::Graph graph = oldest_first[0];
  for (std::size_t i = 1; i < oldest_first.size(); ++i) {
    auto next = ir::compose(oldest_first[i], graph, rule);
    EXPECT_TRUE(next.has_value());
    graph = std::move(*next);
    EXPECT_EQ(ir::check(graph), std::nullopt);
    run_passes(graph);
  }
  return graph;
}

TEST_P(IrGolden, Graphs) {
  std::string text;
  std::vector<ir::Graph> graphs;
  for (std::size_t i = 0; i < filters_.size(); ++i) {
    ir::Graph graph = built(filters_[i], i);
    text += "== filter " + std::to_string(i) + ", built\n" + to_text(graph);
    run_passes(graph);
    text += "== filter " + std::to_string(i) + ", after the passes\n" + to_text(graph);
    graphs.push_back(std::move(graph));
  }
  if (graphs.size() > 1) {
    for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
      text += std::string("== chain, ") + name(rule) + "\n" + to_text(composed(graphs, rule));
    }
  }
  expect_golden(path_ + ".graph", text);
}

TEST_P(IrGolden, DecidesTheSameEverywhere) { ASSERT_AGREE(filters_, 5, 64); }

INSTANTIATE_TEST_SUITE_P(Programs, IrGolden, testing::ValuesIn(names),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace callgate::test
