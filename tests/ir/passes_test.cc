// The laws of ir/opt/README.md, for each pass: on graphs of random programs and chains, and on graphs built by hand
// with everything in them that a pass is there to remove.
#include <gtest/gtest.h>

#include "callgate/action.hpp"
#include "fuzz/generator/constants.h"
#include "fuzz/generator/inputs.h"
#include "fuzz/generator/program_generator.h"
#include "fuzz/generator/random.h"
#include "ir/build.h"
#include "ir/check.h"
#include "ir/compose.h"
#include "ir/evaluate.h"
#include "ir/opt/passes.h"
#include "ir/print.h"
#include "tests/ir/path.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

using ir::Compare;
using ir::ExprId;
using ir::Graph;
using ir::NodeId;
using ir::Op;

struct Pass {
  const char* name;
  bool (*run)(Graph&);
};
constexpr Pass passes[] = {{"fold_constants", ir::fold_constants}, {"remove_dead_nodes", ir::remove_dead_nodes}};

// A random graph as no builder leaves it: constants to fold, tests that are decided, equal ways, dead nodes. A
// division stands behind its guard.
Graph untidy_graph(fuzz::Random& random) {
  Graph graph;
  std::vector<ExprId> exprs;
  const auto any_expr = [&] { return exprs[random.below(static_cast<std::uint32_t>(exprs.size()))]; };
  for (int i = 0; i < 4; ++i) exprs.push_back(graph.constant(fuzz::edge_constant(random)));
  for (int i = 0; i < 3; ++i) exprs.push_back(graph.load(4 * random.below(16)));
  constexpr Op ops[] = {Op::neg, Op::add, Op::sub, Op::mul, Op::or_, Op::and_, Op::xor_, Op::lsh, Op::rsh};
  for (int i = 0; i < 12; ++i) {
    const Op op = random.pick(ops);
    const ExprId lhs = any_expr();
    const ExprId id = graph.expr(op, lhs, any_expr());
    if (graph.expr_at(id).size <= ir::max_expr_size) exprs.push_back(id);
  }
  std::vector<NodeId> nodes;
  for (const auto result : {action::allow, action::errno_, action::kill_process}) nodes.push_back(graph.leaf(result));
  const auto any_node = [&] { return nodes[random.below(static_cast<std::uint32_t>(nodes.size()))]; };
  for (int i = 0; i < 16; ++i) {
    constexpr Compare compares[] = {Compare::equal, Compare::greater, Compare::greater_equal, Compare::any_bit_set};
    const Compare compare = random.pick(compares);
    const ExprId lhs = any_expr();
    const ExprId rhs = any_expr();
    const NodeId then = any_node();
    nodes.push_back(graph.test(compare, lhs, rhs, then, any_node()));
    if (random.chance(20)) {
      const ExprId divisor = any_expr();
      const ExprId quotient = graph.expr(Op::div, any_expr(), divisor);
      if (graph.expr_at(quotient).size > ir::max_expr_size) continue;
      const NodeId user = graph.test(Compare::greater, quotient, lhs, then, any_node());
      nodes.push_back(graph.test(Compare::equal, divisor, graph.constant(0), any_node(), user));
    }
  }
  graph.root = nodes.back();
  return graph;
}

std::vector<SeccompData> some_inputs(fuzz::Random& random) {
  std::vector<SeccompData> inputs(8);
  for (SeccompData& data : inputs) {
    data.nr = fuzz::edge_constant(random);
    data.arch = fuzz::edge_constant(random);
    for (std::uint64_t& arg : data.args) {
      arg = std::uint64_t{fuzz::edge_constant(random)} << 32;
      arg |= fuzz::edge_constant(random);
    }
  }
  return inputs;
}

// All nodes and expressions, reachable or not.
struct Content {
  std::uint32_t exprs;
  std::uint32_t nodes;
  std::string text;
  bool operator==(const Content&) const = default;
};
Content content(const Graph& graph) { return {graph.expr_count(), graph.node_count(), ir::to_text(graph)}; }

void expect_laws(const Pass& pass, const Graph& before, std::span<const SeccompData> inputs) {
  SCOPED_TRACE(pass.name);
  ASSERT_EQ(ir::check(before), std::nullopt);
  Graph after = before;
  const bool changed = pass.run(after);
  ASSERT_EQ(ir::check(after), std::nullopt);
  ASSERT_EQ(changed, !(content(before) == content(after)));
  ASSERT_LE(after.node_count(), before.node_count());
  for (const SeccompData& data : inputs) {
    ASSERT_EQ(ir::evaluate(after, data), ir::evaluate(before, data));
    const PathCost old_cost = path_cost(before, data);
    const PathCost new_cost = path_cost(after, data);
    ASSERT_LE(new_cost.tests, old_cost.tests);
    ASSERT_LE(new_cost.loads, old_cost.loads);
    ASSERT_LE(new_cost.operations, old_cost.operations);
  }
  Graph again = before;
  ASSERT_EQ(pass.run(again), changed);
  ASSERT_EQ(content(again), content(after)) << "two runs differ";
  ASSERT_FALSE(pass.run(after)) << "once is not enough";
  ASSERT_EQ(content(again), content(after));
}

TEST(Passes, ObeyTheirLawsOnUntidyGraphs) {
  fuzz::Random random(31);
  std::uint32_t changed[2] = {};
  for (int i = 0; i < 500; ++i) {
    SCOPED_TRACE(i);
    const Graph graph = untidy_graph(random);
    const auto inputs = some_inputs(random);
    for (std::size_t p = 0; p < std::size(passes); ++p) {
      ASSERT_NO_FATAL_FAILURE(expect_laws(passes[p], graph, inputs));
      Graph copy = graph;
      changed[p] += passes[p].run(copy);
    }
  }
  EXPECT_GT(changed[0], 200u);
  EXPECT_GT(changed[1], 200u);
}

TEST(Passes, ObeyTheirLawsOnChains) {
  fuzz::ProgramGenerator generator(32);
  for (int i = 0; i < 150; ++i) {
    SCOPED_TRACE(i);
    const Program programs[2] = {program(generator.valid(30)), program(generator.valid(30))};
    const auto older = ir::build(programs[0]);
    const auto newer = ir::build(programs[1]);
    if (!older || !newer) continue;
    const auto inputs = fuzz::inputs_for(programs[i % 2].instructions(), generator.next(), 8);
    for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
      const auto graph = ir::compose(*newer, *older, rule);
      ASSERT_TRUE(graph.has_value());
      for (const Pass& pass : passes) ASSERT_NO_FATAL_FAILURE(expect_laws(pass, *graph, inputs));
    }
  }
}

TEST(FoldConstants, FoldsUpwardsInOneRun) {
  Graph graph;
  const ExprId two = graph.expr(Op::add, graph.constant(1), graph.constant(1));
  const ExprId four = graph.expr(Op::mul, two, two);
  const NodeId yes = graph.leaf(1);
  const NodeId inner = graph.test(Compare::equal, four, graph.constant(4), yes, graph.leaf(2));
  graph.root = graph.test(Compare::equal, graph.load(0), four, inner, yes);
  EXPECT_TRUE(ir::fold_constants(graph));
  EXPECT_TRUE(ir::remove_dead_nodes(graph));
  EXPECT_EQ(graph.node_count(), 1u);
  EXPECT_EQ(graph.node_at(graph.root).lhs, 1u);
}

TEST(FoldConstants, LeavesDivisionByZeroToItsGuard) {
  Graph graph;
  const ExprId zero = graph.constant(0);
  const ExprId quotient = graph.expr(Op::div, graph.constant(7), zero);
  const NodeId user = graph.test(Compare::equal, quotient, graph.constant(1), graph.leaf(1), graph.leaf(2));
  graph.root = graph.test(Compare::equal, graph.load(0), zero, graph.leaf(0), user);
  EXPECT_FALSE(ir::fold_constants(graph));
}

TEST(RemoveDeadNodes, LeavesWhatTheRootReaches) {
  Graph graph;
  graph.leaf(9);
  const ExprId unused = graph.expr(Op::neg, graph.load(8));
  const NodeId yes = graph.leaf(1);
  graph.root = graph.test(Compare::greater, graph.load(4), graph.constant(3), yes, graph.leaf(2));
  graph.test(Compare::equal, unused, unused, graph.root, yes);
  const std::string text = "n2: if arch > 0x3 then n0 else n1\nn1: return KILL_THREAD(2)\nn0: return KILL_THREAD(1)\n";
  EXPECT_TRUE(ir::remove_dead_nodes(graph));
  EXPECT_EQ(ir::to_text(graph), text);
  EXPECT_EQ(graph.node_count(), 3u);
  EXPECT_EQ(graph.expr_count(), 2u);
  EXPECT_FALSE(ir::remove_dead_nodes(graph));
}

TEST(RemoveDeadNodes, KeepsWhereNodesComeFrom) {
  Graph graph;
  graph.leaf(9);
  graph.source = {4, 17};
  graph.root = graph.leaf(1);
  EXPECT_TRUE(ir::remove_dead_nodes(graph));
  EXPECT_EQ(graph.node_at(graph.root).source.filter, 4u);
  EXPECT_EQ(graph.node_at(graph.root).source.pc, 17u);
}

}  // namespace
}  // namespace callgate::test
