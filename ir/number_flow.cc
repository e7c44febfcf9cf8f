#include "ir/number_flow.h"

namespace callgate::ir {

// The numbers that come to a node; a reference until the next call.
NumberSet& NumberFlow::at(NodeId id) {
  if (set_of_[id] == no_set) {
    set_of_[id] = static_cast<std::uint32_t>(sets_.size());
    sets_.emplace_back();
    waiting_[id / 64] |= std::uint64_t{1} << id % 64;
  }
  return sets_[set_of_[id]];
}

// Successors have smaller numbers, so the waiting node with the greatest number has got all that come to it.
std::span<const Arrival> NumberFlow::run(NodeId root, const Domain& domain) {
  set_of_.resize(graph_.node_count(), no_set);
  waiting_.resize(graph_.node_count() / 64 + 1);
  sets_.clear();
  arrivals_.clear();
  at(root) = NumberSet::all();
  for (std::size_t i = root / 64 + 1; i-- > 0;) {
    while (waiting_[i] != 0) {
      const auto bit = static_cast<std::uint32_t>(std::bit_width(waiting_[i]) - 1);
      waiting_[i] &= ~(std::uint64_t{1} << bit);
      const auto id = static_cast<NodeId>(i * 64 + bit);
      const NumberSet numbers = sets_[set_of_[id]];
      set_of_[id] = no_set;
      if (numbers.empty()) continue;
      const Node& node = graph_.node_at(id);
      if (node.kind == NodeKind::test && is_decided(node)) {
        split(node, numbers, domain);
      } else {
        arrivals_.push_back({id, numbers});
      }
    }
  }
  return arrivals_;
}

bool NumberFlow::is_decided(const Node& node) const {
  const auto words = graph_.expr_at(node.lhs).words | graph_.expr_at(node.rhs).words;
  return (words & ~number_words) == 0 && steps_ < max_number_steps;
}

bool NumberFlow::is_load(ExprId id, std::uint32_t offset) const {
  return graph_.expr_at(id).op == Op::load && graph_.expr_at(id).lhs == offset;
}

void NumberFlow::split(const Node& node, NumberSet numbers, const Domain& domain) {
  const bool simple = graph_.is_constant(node.rhs);
  const bool on_number = simple && is_load(node.lhs, nr_offset);
  if (on_number && (node.compare == Compare::greater || node.compare == Compare::greater_equal)) {
    at(node.then).insert(numbers.split_off(threshold(node, domain)));
    at(node.otherwise).insert(numbers);
  } else if (on_number && node.compare == Compare::equal) {
    const std::uint32_t n = graph_.expr_at(node.rhs).lhs - domain.first;
    if (numbers.take(n)) at(node.then).insert(n);
    at(node.otherwise).insert(numbers);
  } else if (simple && is_load(node.lhs, arch_offset)) {
    at(takes(node, 0, domain) ? node.then : node.otherwise).insert(numbers);
  } else {
    numbers.for_each([&](std::uint32_t n) { at(takes(node, n, domain) ? node.then : node.otherwise).insert(n); });
  }
}

bool NumberFlow::takes(const Node& node, std::uint32_t n, const Domain& domain) {
  return holds(node.compare, value(node.lhs, n, domain), value(node.rhs, n, domain));
}

// Recursion is bounded by the size of an expression.
std::uint32_t NumberFlow::value(ExprId id, std::uint32_t n, const Domain& domain) {
  ++steps_;
  const Expr& e = graph_.expr_at(id);
  switch (info(e.op).arity) {
    case 0:
      if (e.op == Op::constant) return e.lhs;
      return e.lhs == nr_offset ? domain.first + n : domain.arch;
    case 1: return apply(e.op, value(e.lhs, n, domain), 0);
    default: return apply(e.op, value(e.lhs, n, domain), value(e.rhs, n, domain));
  }
}

// The first number, relative to the first of all, for which nr > k or nr >= k holds; numbers_per_domain if none.
std::uint32_t NumberFlow::threshold(const Node& node, const Domain& domain) const {
  std::uint64_t k = graph_.expr_at(node.rhs).lhs;
  if (node.compare == Compare::greater) ++k;
  if (k <= domain.first) return 0;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(k - domain.first, numbers_per_domain));
}

}  // namespace callgate::ir
