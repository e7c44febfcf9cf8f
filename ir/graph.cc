#include "ir/graph.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

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

ExprId Graph::add(Expr expr) { return exprs_.intern(with_support(expr)); }

Expr Graph::with_support(Expr expr) const {
  expr.support = 0;
  if ((expr.words & input_.class_words) != 0) expr.support |= class_support;
  if ((expr.words & ~input_.class_words) != 0) expr.support |= Support{2} << expr.hash() % 63;
  return expr;
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
  if (id.index() == below_.size()) below_.push_back(support_of(node));
  return id;
}

Support Graph::support_of(const Node& node) const {
  if (!refers_to_what_exists(node)) return ~Support{0};  // check() says so
  if (node.kind == NodeKind::constant) return 0;
  if (node.kind == NodeKind::computed) return exprs_[node.computed()].support & class_support;
  const Support below = below_[node.then] | below_[node.otherwise];
  if (is_constant(node.rhs())) return below | exprs_[subject_of(*this, node.compare, node.lhs())].support;
  return below | exprs_[node.lhs()].support | exprs_[node.rhs()].support;
}

IdMap<NodeId, NodeId> Graph::keep_only(const IdMap<NodeId, bool>& nodes, const IdMap<ExprId, bool>& exprs) {
  const auto count = [](const auto& marks) { return static_cast<std::size_t>(std::ranges::count(marks, true)); };
  IdMap<ExprId, ExprId> new_exprs(expr_count());
  std::vector<Expr> kept_exprs;
  kept_exprs.reserve(count(exprs));
  for (const ExprId id : this->exprs()) {
    if (!exprs[id]) continue;
    new_exprs[id] = ExprId{static_cast<std::uint32_t>(kept_exprs.size())};
    kept_exprs.push_back(with_support(exprs_[id].renumbered(new_exprs)));
  }
  exprs_.assign(std::move(kept_exprs));
  IdMap<NodeId, NodeId> new_nodes(node_count());
  std::vector<Node> kept_nodes;
  kept_nodes.reserve(count(nodes));
  IdMap<NodeId, Support> below;
  below.reserve(kept_nodes.capacity());
  below_.swap(below);
  for (const NodeId id : this->nodes()) {
    if (!nodes[id]) continue;
    new_nodes[id] = NodeId{static_cast<std::uint32_t>(kept_nodes.size())};
    kept_nodes.push_back(nodes_[id].renumbered(new_nodes, new_exprs));
    below_.push_back(support_of(kept_nodes.back()));
  }
  nodes_.assign(std::move(kept_nodes));
  return new_nodes;
}

ExprId subject_of(const Graph& graph, Compare compare, ExprId lhs) {
  const Expr& e = graph.expr_at(lhs);
  const bool masked = compare == Compare::equal && e.op == Op::and_ && graph.is_constant(e.rhs());
  return masked ? e.lhs() : lhs;
}

}  // namespace callgate::ir
