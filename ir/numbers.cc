#include "ir/numbers.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <vector>

namespace callgate::ir {
namespace {

// A set of numbers, relative to the first.
class NumberSet {
 public:
  static NumberSet all() {
    NumberSet set;
    set.words_.fill(~std::uint64_t{0});
    return set;
  }

  bool empty() const {
    return std::all_of(words_.begin(), words_.end(), [](std::uint64_t word) { return word == 0; });
  }
  void insert(std::uint32_t n) { words_[n / 64] |= std::uint64_t{1} << n % 64; }
  void insert(const NumberSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }
  // Takes one number out. False if it is not in.
  bool take(std::uint32_t n) {
    if (n >= number_count || (words_[n / 64] >> n % 64 & 1) == 0) return false;
    words_[n / 64] &= ~(std::uint64_t{1} << n % 64);
    return true;
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::uint32_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t word = words_[i]; word != 0; word &= word - 1) {
        visit(i * 64 + static_cast<std::uint32_t>(std::countr_zero(word)));
      }
    }
  }
  // Moves the numbers from `begin` on out of this set.
  NumberSet split_off(std::uint32_t begin) {
    NumberSet upper;
    for (std::uint32_t i = begin / 64; i < words_.size(); ++i) {
      const std::uint64_t mask = i == begin / 64 ? ~std::uint64_t{0} << begin % 64 : ~std::uint64_t{0};
      upper.words_[i] = words_[i] & mask;
      words_[i] &= ~mask;
    }
    return upper;
  }

 private:
  std::array<std::uint64_t, number_count / 64> words_{};
};

class Flow {
 public:
  Flow(const Graph& graph, std::uint32_t arch, std::uint32_t first, NumberResults results)
      : graph_(graph), arch_(arch), first_(first), results_(results), at_(graph.root + 1), known_(graph.expr_count()) {
    for (ExprId id = 0; id < graph.expr_count(); ++id) known_[id] = is_known(graph.expr_at(id));
  }

  void run() {
    std::fill(results_.begin(), results_.end(), std::nullopt);
    at_[graph_.root] = NumberSet::all();
    for (NodeId id = graph_.root + 1; id-- > 0;) {
      if (!at_[id].empty()) visit(graph_.node_at(id), at_[id]);
    }
  }

 private:
  static constexpr std::uint32_t nr_offset = offsetof(SeccompData, nr);
  static constexpr std::uint32_t arch_offset = offsetof(SeccompData, arch);

  bool is_known(const Expr& e) const {
    if (e.op == Op::constant) return true;
    if (e.op == Op::load) return e.lhs == nr_offset || e.lhs == arch_offset;
    return known_[e.lhs] && (info(e.op).arity < 2 || known_[e.rhs]);
  }

  bool is_load(ExprId id, std::uint32_t offset) const {
    return graph_.expr_at(id).op == Op::load && graph_.expr_at(id).lhs == offset;
  }

  // The value of a known expression for one number. Recursion is bounded by the size of an expression.
  std::uint32_t value(ExprId id, std::uint32_t n) {
    ++steps_;
    const Expr& e = graph_.expr_at(id);
    switch (info(e.op).arity) {
      case 0:
        if (e.op == Op::constant) return e.lhs;
        return e.lhs == nr_offset ? first_ + n : arch_;
      case 1: return apply(e.op, value(e.lhs, n), 0);
      default: return apply(e.op, value(e.lhs, n), value(e.rhs, n));
    }
  }

  // Whether the value is known, and there is budget left to ask for it number by number.
  bool can_ask(ExprId id) const { return known_[id] && steps_ < max_number_steps; }

  void visit(const Node& node, const NumberSet& numbers) {
    switch (node.kind) {
      case NodeKind::constant: return numbers.for_each([&](std::uint32_t n) { results_[n] = node.lhs; });
      case NodeKind::computed:
        if (!can_ask(node.lhs)) return;
        return numbers.for_each([&](std::uint32_t n) { results_[n] = value(node.lhs, n); });
      case NodeKind::test:
        if (can_ask(node.lhs) && can_ask(node.rhs)) split(node, numbers);
        return;
    }
  }

  void split(const Node& node, NumberSet numbers) {
    const bool is_threshold = node.compare == Compare::greater || node.compare == Compare::greater_equal;
    if (is_load(node.lhs, nr_offset) && graph_.is_constant(node.rhs) && is_threshold) {
      at_[node.then].insert(numbers.split_off(threshold(node)));
      at_[node.otherwise].insert(numbers);
    } else if (is_load(node.lhs, arch_offset) && graph_.is_constant(node.rhs)) {
      at_[takes(node, 0) ? node.then : node.otherwise].insert(numbers);
    } else if (is_load(node.lhs, nr_offset) && graph_.is_constant(node.rhs) && node.compare == Compare::equal) {
      const std::uint32_t n = graph_.expr_at(node.rhs).lhs - first_;
      if (numbers.take(n)) at_[node.then].insert(n);
      at_[node.otherwise].insert(numbers);
    } else {
      numbers.for_each([&](std::uint32_t n) { at_[takes(node, n) ? node.then : node.otherwise].insert(n); });
    }
  }

  bool takes(const Node& node, std::uint32_t n) { return holds(node.compare, value(node.lhs, n), value(node.rhs, n)); }

  // The first number, relative to the first of all, for which nr > k or nr >= k holds; number_count if none.
  std::uint32_t threshold(const Node& node) const {
    std::uint64_t k = graph_.expr_at(node.rhs).lhs;
    if (node.compare == Compare::greater) ++k;
    return k <= first_ ? 0 : static_cast<std::uint32_t>(std::min<std::uint64_t>(k - first_, number_count));
  }

  const Graph& graph_;
  std::uint32_t arch_;
  std::uint32_t first_;
  NumberResults results_;
  std::uint32_t steps_ = 0;
  std::vector<NumberSet> at_;  // by node: the numbers that come to it
  std::vector<bool> known_;    // by expression: depends on nothing but number and architecture
};

}  // namespace

void results_by_number(const Graph& graph, std::uint32_t arch, std::uint32_t first, NumberResults results) {
  assert(first + (number_count - 1) >= first && "numbers must not wrap");
  Flow(graph, arch, first, results).run();
}

}  // namespace callgate::ir
