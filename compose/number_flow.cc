#include "compose/number_flow.h"

#include "compose/seccomp.h"

namespace callgate::compose {

// The numbers that arrive at a node; a reference until the next call.
NumberSet& NumberFlow::at(NodeId id) {
  if (set_of_[id] == no_set) {
    set_of_[id] = static_cast<std::uint32_t>(sets_.size());
    sets_.emplace_back();
    waiting_[id.index() / 64] |= std::uint64_t{1} << id.index() % 64;
  }
  return sets_[set_of_[id]];
}

// Successors have smaller numbers, so all numbers have arrived at the waiting node with the greatest number.
std::span<const Arrival> NumberFlow::run(NodeId root, const Domain& domain) {
  set_of_.resize(graph_.node_count(), no_set);
  waiting_.resize(graph_.node_count() / 64 + 1);
  sets_.clear();
  arrivals_.clear();
  at(root) = NumberSet::all();
  for (std::size_t i = root.index() / 64 + 1; i-- > 0;) {
    while (waiting_[i] != 0) {
      const auto bit = static_cast<std::uint32_t>(std::bit_width(waiting_[i]) - 1);
      waiting_[i] ^= std::bit_floor(waiting_[i]);
      const NodeId id{static_cast<std::uint32_t>(i * 64) + bit};
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

bool NumberFlow::depends_on_class_alone(const Node& node) const {
  const auto words = graph_.expr_at(node.lhs()).words | graph_.expr_at(node.rhs()).words;
  return (words & ~number_words) == 0;
}

bool NumberFlow::is_decided(const Node& node) const { return depends_on_class_alone(node) && steps_left_ != 0; }

bool NumberFlow::is_load(ExprId id, std::uint32_t offset) const {
  return graph_.expr_at(id).op == Op::load && graph_.expr_at(id).offset() == offset;
}

void NumberFlow::split(const Node& node, NumberSet numbers, const Domain& domain) {
  const bool simple = graph_.is_constant(node.rhs());
  const bool on_number = simple && is_load(node.lhs(), nr_offset);
  if (on_number && (node.compare == Compare::greater || node.compare == Compare::greater_equal)) {
    at(node.then).insert(numbers.split_off(threshold(node, domain)));
    at(node.otherwise).insert(numbers);
  } else if (on_number && node.compare == Compare::equal) {
    const std::uint32_t n = graph_.constant_value(node.rhs()) - domain.first;
    if (numbers.take(n)) at(node.then).insert(n);
    at(node.otherwise).insert(numbers);
  } else if (simple && is_load(node.lhs(), arch_offset)) {
    const bool yes = holds(node.compare, domain.arch, graph_.constant_value(node.rhs()));
    at(yes ? node.then : node.otherwise).insert(numbers);
  } else {
    const NumberSet yes = takers(node, domain);
    NumberSet taken = numbers;
    taken.keep(yes);
    numbers.remove(yes);
    at(node.then).insert(taken);
    at(node.otherwise).insert(numbers);
  }
}

// A test of the number itself cuts the domain at a threshold or takes one number out; only other tests are computed for
// all numbers. So a ladder of any length costs one step for each test.
NumberGroups NumberFlow::groups(NodeId root, const NumberSet& numbers, const Domain& domain) {
  if (numbers.size() < 2) return {.of = {}, .count = 1};
  visit_of_.resize(graph_.node_count());
  ++visit_;
  uneven_.clear();
  todo_.assign(1, root);
  NumberSet cuts, alone;
  while (!todo_.empty()) {
    const NodeId id = todo_.back();
    todo_.pop_back();
    if (visit_of_[id] == visit_ || (graph_.support_below(id) & class_support) == 0) continue;
    visit_of_[id] = visit_;
    spend(1);
    const Node& node = graph_.node_at(id);
    if (node.kind != NodeKind::test) continue;
    todo_.push_back(node.then);
    todo_.push_back(node.otherwise);
    if (!depends_on_class_alone(node)) continue;
    const bool simple = graph_.is_constant(node.rhs());
    if (simple && is_load(node.lhs(), arch_offset)) continue;
    const bool on_number = simple && is_load(node.lhs(), nr_offset);
    if (on_number && node.compare == Compare::equal) {
      const std::uint32_t n = graph_.constant_value(node.rhs()) - domain.first;
      if (n < numbers_per_domain) alone.insert(n);
    } else if (on_number && node.compare != Compare::any_bit_set) {
      if (const std::uint32_t n = threshold(node, domain); n < numbers_per_domain) cuts.insert(n);
    } else {
      uneven_.push_back(id);
    }
  }
  NumberGroups groups;
  std::uint32_t current = groups.count++;
  for (std::uint32_t n = 0; n < numbers_per_domain; ++n) {
    if (cuts.contains(n)) current = groups.count++;
    groups.of[n] = alone.contains(n) ? groups.count++ : current;
  }
  for (const NodeId id : uneven_) {
    if (steps_left_ == 0) break;
    split_group(graph_.node_at(id), numbers, domain, groups);
  }
  if (steps_left_ == 0) {
    groups.count = numbers_per_domain;
    for (std::uint32_t n = 0; n < numbers_per_domain; ++n) groups.of[n] = n;
  }
  return groups;
}

// Groups are counted anew, so that there are never more than numbers. A number that is not asked about is of the first
// group.
void NumberFlow::split_group(const Node& node, const NumberSet& numbers, const Domain& domain, NumberGroups& groups) {
  const NumberSet yes = takers(node, domain);
  NumberSet taken = numbers;
  taken.keep(yes);
  if (taken.empty() || taken == numbers) return;
  constexpr std::uint32_t none = numbers_per_domain;
  std::array<std::uint32_t, 2 * std::size_t{NumberGroups::most}> half_of;
  std::fill_n(half_of.begin(), 2 * std::size_t{groups.count}, none);
  NumberGroups split{.of = {}, .count = 0};
  numbers.for_each([&](std::uint32_t n) {
    std::uint32_t& half = half_of[2 * groups.of[n] + (yes.contains(n) ? 1 : 0)];
    if (half == none) half = split.count++;
    split.of[n] = half;
  });
  split.count = std::max(split.count, 1u);
  groups = split;
}

NumberSet NumberFlow::takers(const Node& node, const Domain& domain) {
  spend(graph_.expr_at(node.lhs()).size + graph_.expr_at(node.rhs()).size);
  return columns_.holds(node, domain);
}

// The least number, relative to the first of the domain, for which nr > k or nr >= k holds; numbers_per_domain if there
// is none.
std::uint32_t NumberFlow::threshold(const Node& node, const Domain& domain) const {
  std::uint64_t k = graph_.constant_value(node.rhs());
  if (node.compare == Compare::greater) ++k;
  if (k <= domain.first) return 0;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(k - domain.first, numbers_per_domain));
}

}  // namespace callgate::compose
