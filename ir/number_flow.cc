#include "ir/number_flow.h"

namespace callgate::ir {
namespace {

constexpr std::uint32_t no_set = 0xffffffff;

class Flow {
 public:
  Flow(const Graph& graph, NodeId root, const Domain& domain, std::uint32_t& steps)
      : graph_(graph), root_(root), domain_(domain), steps_(steps), set_of_(root + 1, no_set) {}

  std::vector<Arrival> run() {
    at(root_) = NumberSet::all();
    for (NodeId id = root_ + 1; id-- > 0;) {
      if (set_of_[id] == no_set) continue;
      const NumberSet numbers = sets_[set_of_[id]];
      if (numbers.empty()) continue;
      const Node& node = graph_.node_at(id);
      if (node.kind == NodeKind::test && is_decided(node)) {
        split(node, numbers);
      } else {
        arrivals_.push_back({id, numbers});
      }
    }
    return std::move(arrivals_);
  }

 private:
  // The numbers that come to a node; a reference until the next call.
  NumberSet& at(NodeId id) {
    if (set_of_[id] == no_set) {
      set_of_[id] = static_cast<std::uint32_t>(sets_.size());
      sets_.emplace_back();
    }
    return sets_[set_of_[id]];
  }

  bool is_decided(const Node& node) const {
    const auto words = graph_.expr_at(node.lhs).words | graph_.expr_at(node.rhs).words;
    return (words & ~number_words) == 0 && steps_ < max_number_steps;
  }

  bool is_load(ExprId id, std::uint32_t offset) const {
    return graph_.expr_at(id).op == Op::load && graph_.expr_at(id).lhs == offset;
  }

  void split(const Node& node, NumberSet numbers) {
    const bool simple = graph_.is_constant(node.rhs);
    const bool on_number = simple && is_load(node.lhs, nr_offset);
    if (on_number && (node.compare == Compare::greater || node.compare == Compare::greater_equal)) {
      at(node.then).insert(numbers.split_off(threshold(node)));
      at(node.otherwise).insert(numbers);
    } else if (on_number && node.compare == Compare::equal) {
      const std::uint32_t n = graph_.expr_at(node.rhs).lhs - domain_.first;
      if (numbers.take(n)) at(node.then).insert(n);
      at(node.otherwise).insert(numbers);
    } else if (simple && is_load(node.lhs, arch_offset)) {
      at(takes(node, 0) ? node.then : node.otherwise).insert(numbers);
    } else {
      numbers.for_each([&](std::uint32_t n) { at(takes(node, n) ? node.then : node.otherwise).insert(n); });
    }
  }

  bool takes(const Node& node, std::uint32_t n) { return holds(node.compare, value(node.lhs, n), value(node.rhs, n)); }

  // Recursion is bounded by the size of an expression.
  std::uint32_t value(ExprId id, std::uint32_t n) {
    ++steps_;
    const Expr& e = graph_.expr_at(id);
    switch (info(e.op).arity) {
      case 0:
        if (e.op == Op::constant) return e.lhs;
        return e.lhs == nr_offset ? domain_.first + n : domain_.arch;
      case 1: return apply(e.op, value(e.lhs, n), 0);
      default: return apply(e.op, value(e.lhs, n), value(e.rhs, n));
    }
  }

  // The first number, relative to the first of all, for which nr > k or nr >= k holds; numbers_per_domain if none.
  std::uint32_t threshold(const Node& node) const {
    std::uint64_t k = graph_.expr_at(node.rhs).lhs;
    if (node.compare == Compare::greater) ++k;
    if (k <= domain_.first) return 0;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(k - domain_.first, numbers_per_domain));
  }

  const Graph& graph_;
  NodeId root_;
  const Domain& domain_;
  std::uint32_t& steps_;
  std::vector<std::uint32_t> set_of_;  // by node: index into sets_
  std::vector<NumberSet> sets_;
  std::vector<Arrival> arrivals_;
};

}  // namespace

std::vector<Arrival> flow_numbers(const Graph& graph, NodeId root, const Domain& domain, std::uint32_t& steps) {
  return Flow(graph, root, domain, steps).run();
}

}  // namespace callgate::ir
