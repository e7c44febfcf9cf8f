#include "ir/graph.h"

#include <array>
#include <cassert>

namespace callgate::ir {

const OpInfo& info(Op op) {
  static constexpr std::array table = {
#define CALLGATE_IR_OP(identifier, symbol, arity) OpInfo{symbol, arity},
#include "ir/opcodes.inc"
#undef CALLGATE_IR_OP
  };
  return table[static_cast<std::size_t>(op)];
}

const char* symbol(Compare compare) {
  switch (compare) {
    case Compare::equal: return "==";
    case Compare::greater: return ">";
    case Compare::greater_equal: return ">=";
    case Compare::any_bit_set: return "&";
  }
  return "?";  // LCOV_EXCL_LINE: every value has its case above
}

ExprId Graph::expr(Op op, ExprId lhs, ExprId rhs) {
  const bool binary = info(op).arity == 2;
  assert(lhs.index() < expr_count() && (!binary || rhs.index() < expr_count()));
  const std::uint32_t size = 1 + exprs_[lhs].size + (binary ? exprs_[rhs].size : 0);
  const auto words = static_cast<std::uint16_t>(exprs_[lhs].words | (binary ? exprs_[rhs].words : 0));
  return add(Expr::operation(op, words, size, lhs, binary ? rhs : ExprId{}));
}

ExprId Graph::add(Expr expr) {
  if ((expr.words & input_.class_words) != 0) expr.support |= class_support;
  if ((expr.words & ~input_.class_words) != 0) expr.support |= Support{2} << expr.hash() % 63;
  return exprs_.intern(expr);
}

// Broken graphs can be made, so that check() can be tested.
bool Graph::refers_to_what_exists(const Node& node) const {
  if (node.kind == NodeKind::constant) return true;
  if (node.kind == NodeKind::computed) return node.computed().index() < expr_count();
  return node.lhs().index() < expr_count() && node.rhs().index() < expr_count() && node.then.index() < below_.size() &&
         node.otherwise.index() < below_.size();
}

NodeId Graph::add(const Node& node) {
  const NodeId id = nodes_.intern(node);
  if (id.index() < below_.size()) return id;
  Support support = 0;
  if (!refers_to_what_exists(node)) {
    support = ~Support{0};  // check() says so
  } else if (node.kind == NodeKind::test) {
    support = below_[node.then] | below_[node.otherwise] | exprs_[subject_of(*this, node.compare, node.lhs())].support;
    if (!is_constant(node.rhs())) support |= exprs_[node.lhs()].support | exprs_[node.rhs()].support;
  } else if (node.kind == NodeKind::computed) {
    support = exprs_[node.computed()].support & class_support;
  }
  below_.push_back(support);
  return id;
}

ExprId subject_of(const Graph& graph, Compare compare, ExprId lhs) {
  const Expr& e = graph.expr_at(lhs);
  const bool masked = compare == Compare::equal && e.op == Op::and_ && graph.is_constant(e.rhs());
  return masked ? e.lhs() : lhs;
}

}  // namespace callgate::ir
