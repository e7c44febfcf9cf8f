// Drops nodes and expressions that the root does not reach, and numbers the others anew.
#include "ir/opt/passes.h"
#include "ir/opt/rewrite.h"

namespace callgate::ir {

bool remove_dead_nodes(Graph& graph) {
  Graph compact = rewrite(
      graph, [](Graph& g, Op op, ExprId lhs, ExprId rhs) { return g.expr(op, lhs, rhs); },
      [](Graph& g, Compare compare, ExprId lhs, ExprId rhs, NodeId then, NodeId otherwise) {
        return g.test(compare, lhs, rhs, then, otherwise);
      });
  if (compact.node_count() == graph.node_count() && compact.expr_count() == graph.expr_count()) return false;
  graph = std::move(compact);
  return true;
}

}  // namespace callgate::ir
