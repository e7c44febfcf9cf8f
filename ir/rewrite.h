// The loop that passes share: a new graph from an old one, expressions and nodes from the leaves upwards.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "ir/graph.h"

namespace callgate::ir {

// The nodes and expressions that are reachable from some nodes, by number.
struct Reachable {
  IdMap<NodeId, bool> nodes;
  IdMap<ExprId, bool> exprs;
  std::size_t node_count = 0;
  std::size_t expr_count = 0;
};
Reachable reachable_from(const Graph& graph, std::span<const NodeId> roots);

// Rebuilds the reachable part. make_expr(graph, op, lhs, rhs) and make_test(graph, compare, lhs, rhs, then, otherwise,
// source) build the replacement of an operation and of a test; their operands are numbers in the new graph. `roots` get
// their new numbers.
template <class MakeExpr, class MakeTest>
Graph rewrite(const Graph& old, std::span<NodeId> roots, MakeExpr make_expr, MakeTest make_test) {
  const Reachable keep = reachable_from(old, roots);
  Graph graph(old.input());
  graph.reserve(keep.node_count, keep.expr_count);
  IdMap<ExprId, ExprId> exprs(old.expr_count());
  for (const ExprId id : old.exprs()) {
    if (!keep.exprs[id]) continue;
    const Expr& e = old.expr_at(id);
    switch (info(e.op).arity) {
      case 0: exprs[id] = e.op == Op::constant ? graph.constant(e.value()) : graph.load(e.offset()); break;
      case 1: exprs[id] = make_expr(graph, e.op, exprs[e.lhs()], ExprId{}); break;
      default: exprs[id] = make_expr(graph, e.op, exprs[e.lhs()], exprs[e.rhs()]); break;
    }
  }
  IdMap<NodeId, NodeId> nodes(old.node_count());
  for (const NodeId id : old.nodes()) {
    if (!keep.nodes[id]) continue;
    const Node& n = old.node_at(id);
    switch (n.kind) {
      case NodeKind::constant: nodes[id] = graph.leaf(n.result(), n.source); break;
      case NodeKind::computed: nodes[id] = graph.computed_leaf(exprs[n.computed()], n.source); break;
      case NodeKind::test:
        nodes[id] =
            make_test(graph, n.compare, exprs[n.lhs()], exprs[n.rhs()], nodes[n.then], nodes[n.otherwise], n.source);
        break;
    }
  }
  for (NodeId& root : roots) root = nodes[root];
  return graph;
}

}  // namespace callgate::ir
