#include "jit/switch.h"

#include <algorithm>

namespace callgate::jit {
namespace {

using ir::Compare;
using ir::ExprId;
using ir::NodeId;
using ir::NodeKind;
using ir::Op;

constexpr std::uint32_t empty_slot = 0xffffffff;
constexpr std::uint32_t most = 0xffffffff;

// A range of a 32-bit value that leads to a node.
struct Part {
  std::uint32_t start;
  NodeId node;
};

// Gathers all tests of one value that are reached from a node by such tests alone.
class Gatherer {
 public:
  explicit Gatherer(const ir::Graph& graph) : graph_(graph) {}

  // The parts of the value's whole range, ascending. At most `budget` tests are followed; the rest are parts' nodes.
  void run(NodeId head, std::uint32_t budget, std::vector<Part>& parts) {
    value_ = graph_.node_at(head).lhs;
    spans_.clear();
    points_.clear();
    todo_.assign(1, {0, most, head});
    std::uint32_t followed = 0;
    while (!todo_.empty()) {
      const Span span = todo_.back();
      todo_.pop_back();
      if (followed < budget && asks(span.node)) {
        ++followed;
        follow(span);
      } else {
        spans_.push_back(span);
      }
    }
    followed_ = followed;
    merge(parts);
  }

  std::uint32_t followed() const { return followed_; }

  // Whether a test is one of a value's range.
  static bool is_range_test(const ir::Graph& graph, const ir::Node& node) {
    return node.kind == NodeKind::test && node.compare != Compare::any_bit_set && graph.is_constant(node.rhs);
  }

 private:
  struct Span {
    std::uint32_t low;
    std::uint32_t high;
    NodeId node;
  };
  struct Point {
    std::uint32_t at;
    NodeId node;
  };

  bool asks(NodeId id) const {
    const ir::Node& node = graph_.node_at(id);
    return is_range_test(graph_, node) && node.lhs == value_;
  }

  void follow(const Span& span) {
    const ir::Node& node = graph_.node_at(span.node);
    const std::uint32_t k = graph_.expr_at(node.rhs).lhs;
    if (node.compare == Compare::equal) {
      const bool inside = span.low <= k && k <= span.high;
      const bool decided = span.low == span.high;
      if (inside && !decided) points_.push_back({k, resolve(node.then, k)});
      return todo_.push_back({span.low, span.high, inside && decided ? node.then : node.otherwise});
    }
    // x >= k; x > k becomes that of the next constant.
    const std::uint64_t first = std::uint64_t{k} + (node.compare == Compare::greater ? 1 : 0);
    if (first <= span.low) return todo_.push_back({span.low, span.high, node.then});
    if (first > span.high) return todo_.push_back({span.low, span.high, node.otherwise});
    const auto start = static_cast<std::uint32_t>(first);
    todo_.push_back({start, span.high, node.then});
    todo_.push_back({span.low, start - 1, node.otherwise});
  }

  // Where the value k comes to.
  NodeId resolve(NodeId id, std::uint32_t k) const {
    while (asks(id)) {
      const ir::Node& node = graph_.node_at(id);
      id = ir::holds(node.compare, k, graph_.expr_at(node.rhs).lhs) ? node.then : node.otherwise;
    }
    return id;
  }

  // A point comes from a test in front of the span that it lies in, and of two points the first one met decides.
  void merge(std::vector<Part>& parts) {
    std::stable_sort(points_.begin(), points_.end(), [](const Point& a, const Point& b) { return a.at < b.at; });
    const auto same = [](const Point& a, const Point& b) { return a.at == b.at; };
    points_.erase(std::unique(points_.begin(), points_.end(), same), points_.end());
    std::size_t p = 0;
    for (const Span& span : spans_) {
      std::uint64_t next = span.low;
      for (; p < points_.size() && points_[p].at <= span.high; ++p) {
        if (points_[p].at > next) parts.push_back({static_cast<std::uint32_t>(next), span.node});
        parts.push_back({points_[p].at, points_[p].node});
        next = std::uint64_t{points_[p].at} + 1;
      }
      if (next <= span.high) parts.push_back({static_cast<std::uint32_t>(next), span.node});
    }
  }

  const ir::Graph& graph_;
  ExprId value_ = 0;
  std::uint32_t followed_ = 0;
  std::vector<Span> todo_;
  std::vector<Span> spans_;
  std::vector<Point> points_;
};

class Maker {
 public:
  Maker(const ir::Graph& graph, const SwitchTarget& target, Switches& choices)
      : graph_(graph), target_(target), choices_(choices), gatherer_(graph), first_part_(graph.node_count(), empty_slot),
        end_part_(graph.node_count()), needed_(graph.node_count()), choice_of_(graph.node_count()) {}

  std::vector<SwitchId> run(std::span<const NodeId> roots) {
    for (const NodeId root : roots) needed_[root] = true;
    for (NodeId id = graph_.node_count(); id-- > 0;) {
      if (needed_[id]) need_successors(id);
    }
    for (NodeId id = 0; id < graph_.node_count(); ++id) {
      if (needed_[id]) choice_of_[id] = make(id);
    }
    std::vector<SwitchId> result;
    result.reserve(roots.size());
    for (const NodeId root : roots) result.push_back(choice_of_[root]);
    return result;
  }

 private:
  void need_successors(NodeId id) {
    const ir::Node& node = graph_.node_at(id);
    if (node.kind != NodeKind::test) return;
    if (!Gatherer::is_range_test(graph_, node)) {
      needed_[node.then] = needed_[node.otherwise] = true;
      return;
    }
    // Webs of tests on one value could be gathered again and again from each of their nodes.
    const std::uint32_t budget = 16 + 4 * graph_.node_count() > gathered_ ? max_gathered : 1;
    first_part_[id] = static_cast<std::uint32_t>(parts_.size());
    gatherer_.run(id, budget, parts_);
    gathered_ += gatherer_.followed();
    end_part_[id] = static_cast<std::uint32_t>(parts_.size());
    for (std::uint32_t i = first_part_[id]; i < end_part_[id]; ++i) needed_[parts_[i].node] = true;
  }

  SwitchId make(NodeId id) {
    const ir::Node& node = graph_.node_at(id);
    switch (node.kind) {
      case NodeKind::constant: return choices_.intern({.kind = SwitchKind::constant, .value = node.lhs});
      case NodeKind::computed:
        return choices_.intern({.kind = SwitchKind::computed, .value = id, .source = node.source});
      case NodeKind::test: break;
    }
    if (first_part_[id] != empty_slot) return make_ranges(id);
    const SwitchId then = choice_of_[node.then];
    const SwitchId otherwise = choice_of_[node.otherwise];
    if (then == otherwise) return then;
    if (graph_.is_constant(node.rhs)) {
      return choices_.intern({.kind = SwitchKind::bits,
                              .value = node.lhs,
                              .mask = graph_.expr_at(node.rhs).lhs,
                              .then = then,
                              .otherwise = otherwise,
                              .source = node.source});
    }
    return choices_.intern(
        {.kind = SwitchKind::test, .value = id, .then = then, .otherwise = otherwise, .source = node.source});
  }

  SwitchId make_ranges(NodeId id) {
    ranges_.clear();
    for (std::uint32_t i = first_part_[id]; i < end_part_[id]; ++i) {
      append(ranges_, {parts_[i].start, choice_of_[parts_[i].node]});
    }
    const ir::Node& node = graph_.node_at(id);
    Switch choice{.kind = SwitchKind::ranges, .value = node.lhs, .source = node.source};
    if (widen(node.lhs)) {
      choice.wide = true;
      choice.value = graph_.expr_at(node.lhs).lhs - 4;
      ranges_.swap(wide_);
    }
    return ranges_.size() == 1 ? ranges_[0].target : choices_.intern(choice, ranges_);
  }

  static void append(std::vector<Range>& ranges, Range range) {
    if (ranges.empty() || ranges.back().target != range.target) ranges.push_back(range);
  }

  // Ranges of a high half that lead to ranges of the low half, as ranges of both together. A low half that matters below
  // more than one value of the high half cannot be told so.
  bool widen(ExprId value) {
    const ir::Expr& e = graph_.expr_at(value);
    const bool is_high = e.op == Op::load && e.lhs % 8 == 4 && graph_.input().is_half(e.lhs / 4);
    if (!target_.has_64_bits || !target_.halves_adjoin || !is_high) return false;
    bool useful = false;
    wide_.clear();
    for (std::size_t i = 0; i < ranges_.size(); ++i) {
      const std::uint64_t start = ranges_[i].start << 32;
      const bool single = (i + 1 < ranges_.size() ? ranges_[i + 1].start : std::uint64_t{most} + 1) == ranges_[i].start + 1;
      const Switch& target = choices_[ranges_[i].target];
      if (!is_ranges_of(target, e.lhs - 4)) {
        append(wide_, {start, ranges_[i].target});
        continue;
      }
      if (!single) return false;
      useful = true;
      for (const Range& low : choices_.ranges(target)) append(wide_, {start + low.start, low.target});
    }
    return useful;
  }

  bool is_ranges_of(const Switch& choice, std::uint32_t offset) const {
    if (choice.kind != SwitchKind::ranges || choice.wide) return false;
    const ir::Expr& e = graph_.expr_at(choice.value);
    return e.op == Op::load && e.lhs == offset;
  }

  static constexpr std::uint32_t max_gathered = 2048;

  const ir::Graph& graph_;
  const SwitchTarget& target_;
  Switches& choices_;
  Gatherer gatherer_;
  std::uint32_t gathered_ = 0;
  std::vector<Part> parts_;
  std::vector<std::uint32_t> first_part_;  // by node
  std::vector<std::uint32_t> end_part_;
  std::vector<bool> needed_;
  std::vector<SwitchId> choice_of_;
  std::vector<Range> ranges_;
  std::vector<Range> wide_;
};

std::uint32_t hash_of(const Switch& c, std::span<const Range> ranges) {
  std::uint32_t h = ir::mix(ir::mix(static_cast<std::uint32_t>(c.kind) << 1 | (c.wide ? 1u : 0u), c.value, c.mask), c.then,
                            c.otherwise);
  for (const Range& r : ranges) {
    h = ir::mix(ir::mix(h, static_cast<std::uint32_t>(r.start), static_cast<std::uint32_t>(r.start >> 32)), r.target, 0);
  }
  return h;
}

}  // namespace

bool Switches::equal(const Switch& a, const Switch& b, std::span<const Range> b_ranges) const {
  // LCOV_EXCL_START: asked where 32 bits of hash are equal; what else differs is chance
  return a.kind == b.kind && a.wide == b.wide && a.value == b.value && a.mask == b.mask && a.then == b.then &&
         a.otherwise == b.otherwise && std::ranges::equal(ranges(a), b_ranges);  // LCOV_EXCL_STOP
}

SwitchId Switches::intern(Switch choice, std::span<const Range> ranges) {
  if (choices_.size() * 2 >= slots_.size()) grow();
  const std::uint32_t hash = hash_of(choice, ranges);
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = hash & mask;
  for (; slots_[i] != empty_slot; i = (i + 1) & mask) {
    if (hashes_[slots_[i]] == hash && equal(choices_[slots_[i]], choice, ranges)) return slots_[i];
  }
  slots_[i] = size();
  choice.first_range = static_cast<std::uint32_t>(ranges_.size());
  choice.range_count = static_cast<std::uint32_t>(ranges.size());
  ranges_.insert(ranges_.end(), ranges.begin(), ranges.end());
  choices_.push_back(choice);
  hashes_.push_back(hash);
  return slots_[i];
}

void Switches::grow() {
  slots_.assign(slots_.empty() ? 256 : slots_.size() * 2, empty_slot);
  const std::size_t mask = slots_.size() - 1;
  for (std::uint32_t id = 0; id < size(); ++id) {
    std::size_t i = hashes_[id] & mask;
    while (slots_[i] != empty_slot) i = (i + 1) & mask;
    slots_[i] = id;
  }
}

std::vector<SwitchId> make_switches(const ir::Graph& graph, std::span<const ir::NodeId> roots, const SwitchTarget& target,
                                   Switches& choices) {
  return Maker(graph, target, choices).run(roots);
}

}  // namespace callgate::jit
