// What one path through a graph costs.
#pragma once

#include "ir/evaluate.h"
#include "ir/graph.h"
#include "tests/support/filter_graph.h"

namespace callgate::test {

struct PathCost {
  std::uint32_t tests = 0;
  std::uint32_t loads = 0;  // an expression is computed again wherever it is needed
  std::uint32_t operations = 0;
};

inline void add_expr(const ir::Graph& graph, ir::ExprId id, PathCost& cost) {
  const ir::Expr& e = graph.expr_at(id);
  const int arity = ir::info(e.op).arity;
  cost.loads += e.op == ir::Op::load;
  cost.operations += arity > 0;
  if (arity >= 1) add_expr(graph, e.lhs(), cost);
  if (arity == 2) add_expr(graph, e.rhs(), cost);
}

// The cost of the path that `data` takes. A test's outcome is asked of evaluate(), on a graph of that test alone.
inline PathCost path_cost(compose::FilterGraph graph, const SeccompData& data) {
  PathCost cost;
  const ir::NodeId yes = graph.leaf(1);
  const ir::NodeId no = graph.leaf(0);
  for (ir::NodeId id = graph.root;;) {
    const ir::Node node = graph.node_at(id);
    if (node.kind == ir::NodeKind::computed) add_expr(graph, node.computed(), cost);
    if (node.kind != ir::NodeKind::test) return cost;
    add_expr(graph, node.lhs(), cost);
    add_expr(graph, node.rhs(), cost);
    ++cost.tests;
    const ir::NodeId alone = graph.test(node.compare, node.lhs(), node.rhs(), yes, no);
    id = ir::evaluate(graph, alone, &data) == 1 ? node.then : node.otherwise;
  }
}

}  // namespace callgate::test
