#include "ir/fold.h"

namespace callgate::ir {

ExprId fold_expr(Graph& graph, Op op, ExprId lhs, ExprId rhs) {
  const Expr l = graph.expr_at(lhs);
  const Expr r = info(op).arity == 2 ? graph.expr_at(rhs) : l;
  const bool constant = l.op == Op::constant && r.op == Op::constant;
  if (constant && !(op == Op::div && r.lhs == 0)) return graph.constant(apply(op, l.lhs, r.lhs));
  return graph.expr(op, lhs, rhs);
}

NodeId fold_test(Graph& graph, Compare compare, ExprId lhs, ExprId rhs, NodeId then, NodeId otherwise) {
  if (then == otherwise) return then;
  const Expr& l = graph.expr_at(lhs);
  const Expr& r = graph.expr_at(rhs);
  if (l.op == Op::constant && r.op == Op::constant) return holds(compare, l.lhs, r.lhs) ? then : otherwise;
  return graph.test(compare, lhs, rhs, then, otherwise);
}

}  // namespace callgate::ir
