#include "ir/rewrite.h"

namespace callgate::ir {

// Successors and operands have smaller numbers, so one loop downwards meets every user before what it uses.
Reachable reachable_from(const Graph& graph, std::span<const NodeId> roots) {
  Reachable r{std::vector<bool>(graph.node_count()), std::vector<bool>(graph.expr_count()), 0, 0};
  for (const NodeId root : roots) r.nodes[root] = true;
  for (NodeId id = graph.node_count(); id-- > 0;) {
    if (!r.nodes[id]) continue;
    ++r.node_count;
    const Node& node = graph.node_at(id);
    if (node.kind == NodeKind::test) {
      r.nodes[node.then] = r.nodes[node.otherwise] = true;
      r.exprs[node.rhs] = true;
    }
    if (node.kind != NodeKind::constant) r.exprs[node.lhs] = true;
  }
  for (ExprId id = graph.expr_count(); id-- > 0;) {
    if (!r.exprs[id]) continue;
    ++r.expr_count;
    const Expr& e = graph.expr_at(id);
    if (info(e.op).arity >= 1) r.exprs[e.lhs] = true;
    if (info(e.op).arity == 2) r.exprs[e.rhs] = true;
  }
  return r;
}

}  // namespace callgate::ir
