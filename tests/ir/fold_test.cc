// The folding constructors: a table of rules, each with what it makes of its node; and, on random graphs, that what
// they make decides the same, is never longer, and is what they would make again.
#include "ir/fold.h"

#include <gtest/gtest.h>

#include "callgate/action.hpp"
#include "compose/print.h"
#include "ir/check.h"
#include "ir/dead_nodes.h"
#include "ir/evaluate.h"
#include "ir/print.h"
#include "ir/reachable.h"
#include "tests/ir/path.h"
#include "tests/ir/untidy_graph.h"
#include "tests/support/filter_graph.h"

namespace callgate::test {
namespace {

using compose::FilterGraph;
using ir::Compare;
using ir::ExprId;
using ir::Graph;
using ir::NodeId;
using ir::Op;

constexpr std::uint32_t ones = 0xffffffff;

struct ExprRule {
  const char* rule;
  ExprId (*make)(Graph&);
  const char* becomes;
};

ExprId nr(Graph& g) { return g.load(0); }
ExprId with(Graph& g, Op op, ExprId lhs, std::uint32_t k) {
  const ExprId rhs = g.constant(k);
  return ir::fold_expr(g, op, lhs, rhs);
}
ExprId from(Graph& g, std::uint32_t k, Op op, ExprId rhs) {
  const ExprId lhs = g.constant(k);
  return ir::fold_expr(g, op, lhs, rhs);
}

const ExprRule expr_rules[] = {
    {"adding 0", [](Graph& g) { return with(g, Op::add, nr(g), 0); }, "nr"},
    {"subtracting 0", [](Graph& g) { return with(g, Op::sub, nr(g), 0); }, "nr"},
    {"xor with 0", [](Graph& g) { return with(g, Op::xor_, nr(g), 0); }, "nr"},
    {"or with 0", [](Graph& g) { return with(g, Op::or_, nr(g), 0); }, "nr"},
    {"or with all ones", [](Graph& g) { return with(g, Op::or_, nr(g), ones); }, "0xffffffff"},
    {"and with all ones", [](Graph& g) { return with(g, Op::and_, nr(g), ones); }, "nr"},
    {"and with 0", [](Graph& g) { return with(g, Op::and_, nr(g), 0); }, "0x0"},
    {"a shift by 0", [](Graph& g) { return with(g, Op::lsh, nr(g), 0); }, "nr"},
    {"a shift by 32 is one by 0", [](Graph& g) { return with(g, Op::rsh, nr(g), 32); }, "nr"},
    {"a shift takes five bits", [](Graph& g) { return with(g, Op::lsh, nr(g), 0xffffffe3); }, "nr << 0x3"},
    {"constants add up", [](Graph& g) { return with(g, Op::add, with(g, Op::add, nr(g), ones), 3); }, "nr + 0x2"},
    {"and cancel out", [](Graph& g) { return with(g, Op::add, with(g, Op::add, nr(g), ones), 1); }, "nr"},
    {"masks meet", [](Graph& g) { return with(g, Op::and_, with(g, Op::and_, nr(g), 0xff0), 0xff); }, "nr & 0xf0"},
    {"masks without a common bit", [](Graph& g) { return with(g, Op::and_, with(g, Op::and_, nr(g), 0xf0), 0xf); },
     "0x0"},
    {"differences do not commute", [](Graph& g) { return with(g, Op::sub, with(g, Op::sub, nr(g), 1), 1); },
     "(nr - 0x1) - 0x1"},
    {"the constant stands on the right", [](Graph& g) { return from(g, 5, Op::or_, nr(g)); }, "nr | 0x5"},
    {"unless order matters", [](Graph& g) { return from(g, 5, Op::sub, nr(g)); }, "0x5 - nr"},
    {"x - x", [](Graph& g) { return ir::fold_expr(g, Op::sub, nr(g), nr(g)); }, "0x0"},
    {"x ^ x", [](Graph& g) { return ir::fold_expr(g, Op::xor_, nr(g), nr(g)); }, "0x0"},
    {"x & x", [](Graph& g) { return ir::fold_expr(g, Op::and_, nr(g), nr(g)); }, "nr"},
    {"x | x", [](Graph& g) { return ir::fold_expr(g, Op::or_, nr(g), nr(g)); }, "nr"},
    {"constants are computed", [](Graph& g) { return from(g, 7, Op::mul, g.constant(6)); }, "0x2a"},
    {"also wrapping around", [](Graph& g) { return from(g, 0, Op::sub, g.constant(1)); }, "0xffffffff"},
    {"negation of a constant", [](Graph& g) { return ir::fold_expr(g, Op::neg, g.constant(1)); }, "0xffffffff"},
    {"a product keeps its shape", [](Graph& g) { return with(g, Op::mul, nr(g), 1); }, "nr * 0x1"},
    {"a product with 0 too", [](Graph& g) { return with(g, Op::mul, nr(g), 0); }, "nr * 0x0"},
    {"a quotient keeps its shape", [](Graph& g) { return with(g, Op::div, nr(g), 1); }, "nr / 0x1"},
    {"a division by 0 stays", [](Graph& g) { return from(g, 7, Op::div, g.constant(0)); }, "0x7 / 0x0"},
};

TEST(Fold, RulesOfExpressions) {
  for (const ExprRule& rule : expr_rules) {
    FilterGraph graph;
    const ExprId id = rule.make(graph);
    EXPECT_EQ(ir::to_text(graph, id), rule.becomes) << rule.rule;
  }
}

// A node over leaf Y (returns 1) and leaf N (returns 2), shown as "condition ? Y : N".
class NodeText {
 public:
  explicit NodeText(const Graph& graph) : graph_(graph) {}

  std::string of(NodeId id) const {
    const ir::Node& n = graph_.node_at(id);
    if (n.kind == ir::NodeKind::constant) return n.result() == 1 ? "Y" : n.result() == 2 ? "N" : "Z";
    return ir::to_text(graph_, n.lhs()) + " " + ir::symbol(n.compare) + " " + ir::to_text(graph_, n.rhs()) + " ? " +
           of(n.then) + " : " + of(n.otherwise);
  }

 private:
  const Graph& graph_;
};

struct Leaves {
  NodeId y;
  NodeId n;
  NodeId z;
};

struct TestRule {
  const char* rule;
  NodeId (*make)(Graph&, const Leaves&);
  const char* becomes;
};

NodeId test_k(Graph& g, Compare compare, ExprId lhs, std::uint32_t k, NodeId then, NodeId otherwise) {
  const ExprId rhs = g.constant(k);
  return ir::fold_test(g, compare, lhs, rhs, then, otherwise);
}
NodeId k_test(Graph& g, std::uint32_t k, Compare compare, ExprId rhs, NodeId then, NodeId otherwise) {
  const ExprId lhs = g.constant(k);
  return ir::fold_test(g, compare, lhs, rhs, then, otherwise);
}

constexpr Compare eq = Compare::equal;
constexpr Compare gt = Compare::greater;
constexpr Compare ge = Compare::greater_equal;
constexpr Compare bits = Compare::any_bit_set;

const TestRule test_rules[] = {
    {"both ways are one", [](Graph& g, const Leaves& l) { return test_k(g, eq, nr(g), 3, l.y, l.y); }, "Y"},
    {"decided by constants", [](Graph& g, const Leaves& l) { return test_k(g, gt, g.constant(4), 3, l.y, l.n); }, "Y"},
    {"x > k is x >= k + 1", [](Graph& g, const Leaves& l) { return test_k(g, gt, nr(g), 7, l.y, l.n); },
     "nr >= 0x8 ? Y : N"},
    {"nothing is above all ones", [](Graph& g, const Leaves& l) { return test_k(g, gt, nr(g), ones, l.y, l.n); }, "N"},
    {"all is at least 0", [](Graph& g, const Leaves& l) { return test_k(g, ge, nr(g), 0, l.y, l.n); }, "Y"},
    {"x >= 1 is x == 0", [](Graph& g, const Leaves& l) { return test_k(g, ge, nr(g), 1, l.y, l.n); },
     "nr == 0x0 ? N : Y"},
    {"x > 0 too", [](Graph& g, const Leaves& l) { return test_k(g, gt, nr(g), 0, l.y, l.n); }, "nr == 0x0 ? N : Y"},
    {"x >= all ones", [](Graph& g, const Leaves& l) { return test_k(g, ge, nr(g), ones, l.y, l.n); },
     "nr == 0xffffffff ? Y : N"},
    {"x > all ones but one", [](Graph& g, const Leaves& l) { return test_k(g, gt, nr(g), ones - 1, l.y, l.n); },
     "nr == 0xffffffff ? Y : N"},
    {"k > x", [](Graph& g, const Leaves& l) { return k_test(g, 9, gt, nr(g), l.y, l.n); }, "nr >= 0x9 ? N : Y"},
    {"k >= x", [](Graph& g, const Leaves& l) { return k_test(g, 9, ge, nr(g), l.y, l.n); }, "nr >= 0xa ? N : Y"},
    {"0 >= x", [](Graph& g, const Leaves& l) { return k_test(g, 0, ge, nr(g), l.y, l.n); }, "nr == 0x0 ? Y : N"},
    {"all ones >= x", [](Graph& g, const Leaves& l) { return k_test(g, ones, ge, nr(g), l.y, l.n); }, "Y"},
    {"0 > x", [](Graph& g, const Leaves& l) { return k_test(g, 0, gt, nr(g), l.y, l.n); }, "N"},
    {"k == x", [](Graph& g, const Leaves& l) { return k_test(g, 9, eq, nr(g), l.y, l.n); }, "nr == 0x9 ? Y : N"},
    {"k & x", [](Graph& g, const Leaves& l) { return k_test(g, 9, bits, nr(g), l.y, l.n); }, "nr & 0x9 ? Y : N"},
    {"no bit is set in none", [](Graph& g, const Leaves& l) { return test_k(g, bits, nr(g), 0, l.y, l.n); }, "N"},
    {"any bit of all", [](Graph& g, const Leaves& l) { return test_k(g, bits, nr(g), ones, l.y, l.n); },
     "nr == 0x0 ? N : Y"},
    {"(x & m) == 0", [](Graph& g, const Leaves& l) { return test_k(g, eq, with(g, Op::and_, nr(g), 6), 0, l.y, l.n); },
     "nr & 0x6 ? N : Y"},
    {"(x & bit) == bit",
     [](Graph& g, const Leaves& l) { return test_k(g, eq, with(g, Op::and_, nr(g), 4), 4, l.y, l.n); },
     "nr & 0x4 ? Y : N"},
    {"(x & bits) == bits",
     [](Graph& g, const Leaves& l) { return test_k(g, eq, with(g, Op::and_, nr(g), 6), 6, l.y, l.n); },
     "nr & 0x6 == 0x6 ? Y : N"},
    {"(x & m) is nothing outside of m",
     [](Graph& g, const Leaves& l) { return test_k(g, eq, with(g, Op::and_, nr(g), 6), 8, l.y, l.n); }, "N"},
    {"a bit of x & m",
     [](Graph& g, const Leaves& l) { return test_k(g, bits, with(g, Op::and_, nr(g), 6), 12, l.y, l.n); },
     "nr & 0x4 ? Y : N"},
    {"(x & m) >= 1", [](Graph& g, const Leaves& l) { return test_k(g, ge, with(g, Op::and_, nr(g), 6), 1, l.y, l.n); },
     "nr & 0x6 ? Y : N"},
    {"neighbouring bit tests",
     [](Graph& g, const Leaves& l) { return test_k(g, bits, nr(g), 1, l.y, test_k(g, bits, nr(g), 4, l.y, l.n)); },
     "nr & 0x5 ? Y : N"},
    {"that have no way in common",
     [](Graph& g, const Leaves& l) { return test_k(g, bits, nr(g), 1, l.y, test_k(g, bits, nr(g), 4, l.n, l.z)); },
     "nr & 0x1 ? Y : nr & 0x4 ? N : Z"},
    {"of which one has no constant",
     [](Graph& g, const Leaves& l) {
       return test_k(g, bits, nr(g), 1, l.y, ir::fold_test(g, bits, nr(g), g.load(4), l.y, l.n));
     },
     "nr & 0x1 ? Y : nr & arch ? Y : N"},
    {"that ask about all bits together",
     [](Graph& g, const Leaves& l) {
       return test_k(g, bits, nr(g), 0xffff, l.y, test_k(g, bits, nr(g), 0xffff0000, l.y, l.n));
     },
     "nr == 0x0 ? N : Y"},
    {"x == x", [](Graph& g, const Leaves& l) { return ir::fold_test(g, eq, nr(g), nr(g), l.y, l.n); }, "Y"},
    {"x >= x", [](Graph& g, const Leaves& l) { return ir::fold_test(g, ge, nr(g), nr(g), l.y, l.n); }, "Y"},
    {"x > x", [](Graph& g, const Leaves& l) { return ir::fold_test(g, gt, nr(g), nr(g), l.y, l.n); }, "N"},
    {"x & x is kept", [](Graph& g, const Leaves& l) { return ir::fold_test(g, bits, nr(g), nr(g), l.y, l.n); },
     "nr & nr ? Y : N"},
};

TEST(Fold, RulesOfTests) {
  for (const TestRule& rule : test_rules) {
    FilterGraph graph;
    Leaves leaves{};
    leaves.y = graph.leaf(1);
    leaves.n = graph.leaf(2);
    leaves.z = graph.leaf(3);
    const NodeId id = rule.make(graph, leaves);
    EXPECT_EQ(NodeText(graph).of(id), rule.becomes) << rule.rule;
  }
}

// Makes all that the root reaches anew, from the leaves upwards.
FilterGraph folded(const FilterGraph& old) {
  const ir::Reachable keep = reachable_from(old, std::span(&old.root, 1));
  FilterGraph graph;
  ir::IdMap<ExprId, ExprId> exprs(old.expr_count());
  for (const ExprId id : old.exprs()) {
    if (!keep.exprs[id]) continue;
    const ir::Expr& e = old.expr_at(id);
    switch (ir::info(e.op).arity) {
      case 0: exprs[id] = e.op == Op::constant ? graph.constant(e.value()) : graph.load(e.offset()); break;
      case 1: exprs[id] = ir::fold_expr(graph, e.op, exprs[e.lhs()], {}); break;
      default: exprs[id] = ir::fold_expr(graph, e.op, exprs[e.lhs()], exprs[e.rhs()]); break;
    }
  }
  ir::IdMap<NodeId, NodeId> nodes(old.node_count());
  for (const NodeId id : old.nodes()) {
    if (!keep.nodes[id]) continue;
    const ir::Node& n = old.node_at(id);
    if (n.kind == ir::NodeKind::constant) {
      nodes[id] = graph.leaf(n.result(), n.source);
    } else if (n.kind == ir::NodeKind::computed) {
      nodes[id] = graph.computed_leaf(exprs[n.computed()], n.source);
    } else {
      nodes[id] =
          fold_test(graph, n.compare, exprs[n.lhs()], exprs[n.rhs()], nodes[n.then], nodes[n.otherwise], n.source);
    }
  }
  graph.root = nodes[old.root];
  remove_dead_nodes(graph);
  return graph;
}

TEST(Fold, KeepsTheDecisionAndNoPathGetsLonger) {
  oracles::Random random(31);
  std::uint32_t changed = 0;
  for (int i = 0; i < 700; ++i) {
    SCOPED_TRACE(i);
    const FilterGraph before = untidy_graph(random);
    ASSERT_EQ(check(before), std::nullopt);
    const FilterGraph after = folded(before);
    ASSERT_EQ(check(after), std::nullopt);
    changed += to_text(before) != to_text(after);
    for (const SeccompData& data : some_inputs(random)) {
      ASSERT_EQ(evaluate(after, data), evaluate(before, data));
      const PathCost old_cost = path_cost(before, data);
      const PathCost new_cost = path_cost(after, data);
      ASSERT_LE(new_cost.tests, old_cost.tests);
      ASSERT_LE(new_cost.loads, old_cost.loads);
      ASSERT_LE(new_cost.operations, old_cost.operations);
    }
    ASSERT_EQ(to_text(folded(after)), to_text(after)) << "one shape stands for one meaning";
  }
  EXPECT_GT(changed, 500u);
}

}  // namespace
}  // namespace callgate::test
