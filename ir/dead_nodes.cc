// Drops nodes and expressions that the roots do not reach, and numbers the others anew.
#include "ir/dead_nodes.h"
#include "ir/rewrite.h"

namespace callgate::ir {

bool remove_dead_nodes(Graph& graph, std::span<NodeId> roots) {
  Graph compact = rewrite(
      graph, roots, [](Graph& g, Op op, ExprId lhs, ExprId rhs) { return g.expr(op, lhs, rhs); },
      [](Graph& g, Compare compare, ExprId lhs, ExprId rhs, NodeId then, NodeId otherwise, Source source) {
        return g.test(compare, lhs, rhs, then, otherwise, source);
      });
  if (compact.node_count() == graph.node_count() && compact.expr_count() == graph.expr_count()) return false;
  graph = std::move(compact);
  return true;
}

}  // namespace callgate::ir
