// Operations on constants become constants; tests on constants, and tests whose two ways are one, become the way taken.
#include "ir/fold.h"
#include "ir/opt/passes.h"
#include "ir/opt/rewrite.h"

namespace callgate::ir {

bool fold_constants(Graph& graph) {
  bool changed = false;
  NodeId root = graph.root;
  Graph folded = rewrite(
      graph, std::span(&root, 1),
      [&](Graph& g, Op op, ExprId lhs, ExprId rhs) {
        const ExprId id = fold_expr(g, op, lhs, rhs);
        changed |= g.is_constant(id);
        return id;
      },
      [&](Graph& g, Compare compare, ExprId lhs, ExprId rhs, NodeId then, NodeId otherwise) {
        const NodeId id = fold_test(g, compare, lhs, rhs, then, otherwise);
        changed |= id == then || id == otherwise;
        return id;
      });
  folded.root = root;
  if (changed) graph = std::move(folded);
  return changed;
}

}  // namespace callgate::ir
