// The laws of docs/optimiser.md for the pass over finished graphs: on graphs of random chains, and on graphs with
// everything in them that is there to be removed.
#include <gtest/gtest.h>

#include "compose/plan.h"
#include "compose/print.h"
#include "ir/check.h"
#include "ir/dead_nodes.h"
#include "ir/evaluate.h"
#include "ir/print.h"
#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "tests/ir/path.h"
#include "tests/ir/untidy_graph.h"
#include "tests/support/filter_graph.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

using compose::FilterGraph;
using ir::Compare;
using ir::ExprId;
using ir::NodeId;

// All nodes and expressions, reachable or not.
struct Content {
  std::uint32_t exprs;
  std::uint32_t nodes;
  std::string text;
  bool operator==(const Content&) const = default;
};
Content content(const FilterGraph& graph) { return {graph.expr_count(), graph.node_count(), to_text(graph)}; }

void expect_laws(const FilterGraph& before, std::span<const SeccompData> inputs,
                 ir::Guards guards = ir::Guards::in_graph) {
  ASSERT_EQ(check(before, guards), std::nullopt);
  FilterGraph after = before;
  const bool changed = remove_dead_nodes(after);
  ASSERT_EQ(check(after, guards), std::nullopt);
  ASSERT_EQ(changed, !(content(before) == content(after)));
  ASSERT_LE(after.node_count(), before.node_count());
  for (const SeccompData& data : inputs) {
    ASSERT_EQ(evaluate(after, data), evaluate(before, data));
    const PathCost old_cost = path_cost(before, data);
    const PathCost new_cost = path_cost(after, data);
    ASSERT_LE(new_cost.tests, old_cost.tests);
    ASSERT_LE(new_cost.loads, old_cost.loads);
    ASSERT_LE(new_cost.operations, old_cost.operations);
  }
  FilterGraph again = before;
  ASSERT_EQ(remove_dead_nodes(again), changed);
  ASSERT_EQ(content(again), content(after)) << "two runs differ";
  ASSERT_FALSE(remove_dead_nodes(after)) << "once is not enough";
  ASSERT_EQ(content(again), content(after));
}

TEST(RemoveDeadNodes, ObeysTheLawsOnUntidyGraphs) {
  oracles::Random random(31);
  std::uint32_t changed = 0;
  for (int i = 0; i < 500; ++i) {
    SCOPED_TRACE(i);
    const FilterGraph graph = untidy_graph(random);
    ASSERT_NO_FATAL_FAILURE(expect_laws(graph, some_inputs(random)));
    FilterGraph copy = graph;
    changed += remove_dead_nodes(copy);
  }
  EXPECT_GT(changed, 200u);
}

// The graph of a chain by number, asked at one root after the other: all other roots are dead then.
TEST(RemoveDeadNodes, ObeysTheLawsOnChains) {
  oracles::ProgramGenerator generator(32);
  for (int i = 0; i < 40; ++i) {
    SCOPED_TRACE(i);
    const Program programs[2] = {program(generator.valid(30)), program(generator.valid(30))};
    auto inputs = oracles::inputs_for(programs[i % 2].instructions(), generator.next(), 8);
    for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
      const compose::Plan plan =
          compose::make_plan(programs, {.rule = rule, .precision = compose::Precision::per_number});
      if (plan.size() != 1 || plan[0]->chain_graph() == nullptr) continue;
      FilterGraph graph;
      static_cast<ir::Graph&>(graph) = plan[0]->chain_graph()->graph;
      if (!plan[0]->chain_graph()->by_number()) continue;
      for (const std::uint32_t class_id : {0u, 1u, 600u, 1100u}) {
        graph.root = plan[0]->chain_graph()->roots[class_id];
        for (SeccompData& data : inputs) {
          data.nr = compose::number_of(class_id);
          data.arch = compose::arch_of(class_id);
        }
        ASSERT_NO_FATAL_FAILURE(expect_laws(graph, inputs, ir::Guards::by_facts));
      }
    }
  }
}

TEST(RemoveDeadNodes, KeepsAllOfSeveralRoots) {
  FilterGraph graph;
  graph.leaf(9);
  const NodeId yes = graph.leaf(1);
  const NodeId no = graph.leaf(2);
  const NodeId test = graph.test(Compare::equal, graph.load(4), graph.constant(3), yes, no);
  NodeId roots[] = {test, no, test};
  EXPECT_TRUE(ir::remove_dead_nodes(graph, roots));
  EXPECT_EQ(graph.node_count(), 3u);
  EXPECT_EQ(roots[0], roots[2]);
  EXPECT_EQ(graph.node_at(roots[0]).kind, ir::NodeKind::test);
  EXPECT_EQ(graph.node_at(roots[1]).result(), 2u);
}

// What is left has other numbers; a graph that was made of it alone is the same, and so is what is added afterwards.
TEST(RemoveDeadNodes, LeavesAGraphThatGrowsAsOneMadeAfresh) {
  const auto make = [](FilterGraph& graph) {
    const ExprId sum = graph.expr(ir::Op::add, graph.load(16), graph.load(24));
    const NodeId yes = graph.leaf(1);
    const NodeId no = graph.leaf(2);
    const NodeId below = graph.test(Compare::equal, sum, graph.constant(3), yes, no);
    graph.root = graph.test(Compare::greater_equal, graph.load(32), graph.constant(5), below, no);
  };
  FilterGraph fresh;
  make(fresh);
  FilterGraph graph;
  graph.expr(ir::Op::mul, graph.load(40), graph.load(48));
  graph.leaf(9);
  make(graph);
  ASSERT_TRUE(remove_dead_nodes(graph));
  ASSERT_EQ(content(graph), content(fresh));
  for (const NodeId id : graph.nodes()) EXPECT_EQ(graph.support_below(id), fresh.support_below(id)) << id.index();
  const NodeId root = graph.root;
  make(graph);
  EXPECT_EQ(graph.root, root);
  EXPECT_EQ(content(graph), content(fresh)) << "what is there is found again";
}

TEST(RemoveDeadNodes, LeavesWhatTheRootReaches) {
  FilterGraph graph;
  graph.leaf(9);
  const ExprId unused = graph.expr(ir::Op::neg, graph.load(8));
  const NodeId yes = graph.leaf(1);
  graph.root = graph.test(Compare::greater, graph.load(4), graph.constant(3), yes, graph.leaf(2));
  graph.test(Compare::equal, unused, unused, graph.root, yes);
  const std::string text = "n2: if arch > 0x3 then n0 else n1\nn1: return KILL_THREAD(2)\nn0: return KILL_THREAD(1)\n";
  EXPECT_TRUE(remove_dead_nodes(graph));
  EXPECT_EQ(to_text(graph), text);
  EXPECT_EQ(graph.node_count(), 3u);
  EXPECT_EQ(graph.expr_count(), 2u);
  EXPECT_FALSE(remove_dead_nodes(graph));
}

TEST(RemoveDeadNodes, KeepsWhereNodesComeFrom) {
  FilterGraph graph;
  graph.leaf(9);
  graph.root = graph.leaf(1, {4, 17});
  EXPECT_TRUE(remove_dead_nodes(graph));
  EXPECT_EQ(graph.node_at(graph.root).source.filter, 4u);
  EXPECT_EQ(graph.node_at(graph.root).source.pc, 17u);
}

}  // namespace
}  // namespace callgate::test
