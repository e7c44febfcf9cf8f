#include "ir/reachable.h"

namespace callgate::ir {

// Successors and operands have smaller numbers, so one loop downwards meets every user before what it uses.
Reachable reachable_from(const Graph& graph, std::span<const NodeId> roots) {
  Reachable r{IdMap<NodeId, bool>(graph.node_count()), IdMap<ExprId, bool>(graph.expr_count()), 0, 0};
  for (const NodeId root : roots) r.nodes[root] = true;
  for (const NodeId id : graph.nodes_downwards()) {
    if (!r.nodes[id]) continue;
    ++r.node_count;
    const Node& node = graph.node_at(id);
    if (node.kind == NodeKind::test) {
      r.nodes[node.then] = r.nodes[node.otherwise] = true;
      r.exprs[node.lhs()] = r.exprs[node.rhs()] = true;
    } else if (node.kind == NodeKind::computed) {
      r.exprs[node.computed()] = true;
    }
  }
  for (const ExprId id : graph.exprs_downwards()) {
    if (!r.exprs[id]) continue;
    ++r.expr_count;
    const Expr& e = graph.expr_at(id);
    if (info(e.op).arity >= 1) r.exprs[e.lhs()] = true;
    if (info(e.op).arity == 2) r.exprs[e.rhs()] = true;
  }
  return r;
}

}  // namespace callgate::ir
