#include "jit/switch.h"

#include <algorithm>
#include <cassert>

#include "jit/sort_stably.h"

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

// Gathers all tests of one value that are reached from a node by tests of the same value alone.
//
// An interval of values walks down the tests: `x >= k` cuts it in two, `x == k` takes the point k out of it. Points are
// kept apart, so that a ladder of n comparisons makes one interval and n points instead of n + 1 intervals that are
// looked at again and again.
class Gatherer {
 public:
  explicit Gatherer(const ir::Graph& graph) : graph_(graph) {}

  // Appends the parts of the value's whole range, ascending. At most `budget` tests are followed; parts may lead to the
  // others.
  void run(NodeId head, std::uint32_t budget, std::vector<Part>& parts) {
    value_ = graph_.node_at(head).lhs();
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
        add(span);
      }
    }
    followed_ = followed;
    merge(parts);
  }

  std::uint32_t followed() const { return followed_; }

  // Whether a test is one of a value's range.
  static bool is_range_test(const ir::Graph& graph, const ir::Node& node) {
    return node.kind == NodeKind::test && node.compare != Compare::any_bit_set && graph.is_constant(node.rhs());
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
    return is_range_test(graph_, node) && node.lhs() == value_;
  }

  void follow(const Span& span) {
    const ir::Node& node = graph_.node_at(span.node);
    const std::uint32_t k = graph_.constant_value(node.rhs());
    if (node.compare == Compare::equal) {
      const bool inside = span.low <= k && k <= span.high;
      const bool decided = span.low == span.high;
      if (inside && !decided) points_.push_back({k, resolve(node.then, k)});
      return todo_.push_back({span.low, span.high, inside && decided ? node.then : node.otherwise});
    }
    // x >= k; x > k is that of the next constant.
    const std::uint64_t first = std::uint64_t{k} + (node.compare == Compare::greater ? 1 : 0);
    if (first <= span.low) return todo_.push_back({span.low, span.high, node.then});
    if (first > span.high) return todo_.push_back({span.low, span.high, node.otherwise});
    cut(span, static_cast<std::uint32_t>(first), node);
  }

  // The upper half is pushed first, so that the lower one and all that becomes of it is done before: spans come out
  // ascending.
  void cut(const Span& span, std::uint32_t start, const ir::Node& node) {
    todo_.push_back({start, span.high, node.then});
    todo_.push_back({span.low, start - 1, node.otherwise});
  }

  // merge() needs spans that ascend without a gap.
  void add(const Span& span) {
    assert(span.low == (spans_.empty() ? 0 : spans_.back().high + 1));
    spans_.push_back(span);
  }

  // The node that the value k leads to, behind all tests of the value.
  NodeId resolve(NodeId id, std::uint32_t k) const {
    while (asks(id)) {
      const ir::Node& node = graph_.node_at(id);
      id = ir::holds(node.compare, k, graph_.constant_value(node.rhs())) ? node.then : node.otherwise;
    }
    return id;
  }

  // Spans and points, both ascending, to parts. A point lies in a span whose node is behind the point's test, so the
  // point decides; of two points at one value the one that was met first does.
  void merge(std::vector<Part>& parts) {
    sort_stably(points_, [](const Point& a, const Point& b) { return a.at < b.at; });
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
  ExprId value_;
  std::uint32_t followed_ = 0;
  std::vector<Span> todo_;
  std::vector<Span> spans_;  // ascending: see add()
  std::vector<Point> points_;
};

class Maker {
 public:
  Maker(const ir::Graph& graph, const SwitchTarget& target, Switches& switches)
      : graph_(graph),
        target_(target),
        switches_(switches),
        gatherer_(graph),
        first_part_(graph.node_count(), empty_slot),
        end_part_(graph.node_count()),
        needed_(graph.node_count()),
        switch_of_(graph.node_count(), no_switch) {}

  std::vector<SwitchId> run(std::span<const NodeId> roots) {
    switches_.reserve(graph_.node_count());
    parts_.reserve(2 * std::size_t{graph_.node_count()});
    for (const NodeId root : roots) needed_[root] = true;
    for (const NodeId id : graph_.nodes_downwards()) {
      if (needed_[id]) need_successors(id);
    }
    for (const NodeId id : graph_.nodes()) {
      if (needed_[id]) switch_of_[id] = make(id);
    }
    std::vector<SwitchId> result;
    result.reserve(roots.size());
    for (const NodeId root : roots) result.push_back(switch_of_[root]);
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
    // In a web of tests on one value the same tests could be gathered from each of its nodes: that is bounded.
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
      case NodeKind::constant: return switches_.intern(Switch::constant(node.result()));
      case NodeKind::computed: return switches_.intern(Switch::computed(id, node.source));
      case NodeKind::test: break;
    }
    if (first_part_[id] != empty_slot) return make_ranges(id);
    const SwitchId then = made(node.then);
    const SwitchId otherwise = made(node.otherwise);
    if (then == otherwise) return then;
    if (!graph_.is_constant(node.rhs())) return switches_.intern(Switch::test(id, then, otherwise, node.source));
    return switches_.intern(Switch::bits(node.lhs(), graph_.constant_value(node.rhs()), then, otherwise, node.source));
  }

  // The switch of a node that comes before the one that is being made.
  SwitchId made(NodeId id) const {
    assert(switch_of_[id] != no_switch);
    return switch_of_[id];
  }

  SwitchId make_ranges(NodeId id) {
    ranges_.clear();
    for (std::uint32_t i = first_part_[id]; i < end_part_[id]; ++i) {
      append(ranges_, {parts_[i].start, made(parts_[i].node)});
    }
    const ir::Node& node = graph_.node_at(id);
    const bool wide = widen(node.lhs());
    if (wide) ranges_.swap(wide_);
    if (ranges_.size() == 1) return ranges_[0].target;
    return switches_.intern(wide ? Switch::wide_ranges(graph_.expr_at(node.lhs()).offset() - 4, node.source)
                                 : Switch::ranges(node.lhs(), node.source),
                            ranges_);
  }

  static void append(std::vector<Range>& ranges, Range range) {
    if (ranges.empty() || ranges.back().target != range.target) ranges.push_back(range);
  }

  // Makes `wide_` from `ranges_` of `value`, if that is a high half and some of its ranges lead to a switch over the
  // low half. Impossible where such a switch is reached for more than one value of the high half: as ranges of the
  // whole it would have to be repeated for each of these values.
  bool widen(ExprId value) {
    const ir::Expr& e = graph_.expr_at(value);
    if (!target_.has_64_bits || !target_.halves_adjoin || !is_high_half(e)) return false;
    bool useful = false;
    wide_.clear();
    for (std::size_t i = 0; i < ranges_.size(); ++i) {
      const std::uint64_t start = ranges_[i].start << 32;
      const std::uint64_t end = i + 1 < ranges_.size() ? ranges_[i + 1].start : std::uint64_t{most} + 1;
      const bool single = end == ranges_[i].start + 1;
      const Switch& target = switches_[ranges_[i].target];
      if (!is_ranges_of(target, e.offset() - 4)) {
        append(wide_, {start, ranges_[i].target});
        continue;
      }
      if (!single) return false;
      useful = true;
      for (const Range& low : switches_.ranges(target)) append(wide_, {start + low.start, low.target});
    }
    return useful;
  }

  bool is_high_half(const ir::Expr& e) const { return e.op == Op::load && graph_.input().is_high_half(e.offset() / 4); }

  bool is_ranges_of(const Switch& target, std::uint32_t offset) const {
    if (target.kind() != SwitchKind::ranges) return false;
    const ir::Expr& e = graph_.expr_at(target.expr());
    return e.op == Op::load && e.offset() == offset;
  }

  static constexpr std::uint32_t max_gathered = 2048;

  const ir::Graph& graph_;
  const SwitchTarget& target_;
  Switches& switches_;
  Gatherer gatherer_;
  std::uint32_t gathered_ = 0;
  std::vector<Part> parts_;
  ir::IdMap<NodeId, std::uint32_t> first_part_;
  ir::IdMap<NodeId, std::uint32_t> end_part_;
  ir::IdMap<NodeId, bool> needed_;
  ir::IdMap<NodeId, SwitchId> switch_of_;
  std::vector<Range> ranges_;
  std::vector<Range> wide_;
};

}  // namespace

std::uint32_t Switch::hash(std::span<const Range> ranges) const {
  std::uint32_t h =
      ir::mix(ir::mix(static_cast<std::uint32_t>(kind_), operand_, mask_), then_.index(), otherwise_.index());
  for (const Range& r : ranges) {
    const auto high = static_cast<std::uint32_t>(r.start >> 32);
    h = ir::mix(ir::mix(h, static_cast<std::uint32_t>(r.start), high), r.target.index(), 0);
  }
  return h;
}

bool Switches::equal(const Switch& a, const Switch& b, std::span<const Range> b_ranges) const {
  // LCOV_EXCL_START: asked where 32 bits of hash are equal; it is chance which fields differ then
  return a.kind_ == b.kind_ && a.operand_ == b.operand_ && a.mask_ == b.mask_ && a.then_ == b.then_ &&
         a.otherwise_ == b.otherwise_ && std::ranges::equal(ranges(a), b_ranges);  // LCOV_EXCL_STOP
}

SwitchId Switches::intern(Switch item, std::span<const Range> ranges) {
  if (switches_.size() * 2 >= slots_.size()) grow();
  const std::uint32_t hash = item.hash(ranges);
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = hash & mask;
  for (; slots_[i] != empty_slot; i = (i + 1) & mask) {
    if (hashes_[slots_[i]] == hash && equal(switches_[SwitchId{slots_[i]}], item, ranges)) return SwitchId{slots_[i]};
  }
  slots_[i] = size();
  item.first_range_ = static_cast<std::uint32_t>(ranges_.size());
  item.range_count_ = static_cast<std::uint32_t>(ranges.size());
  ranges_.insert(ranges_.end(), ranges.begin(), ranges.end());
  switches_.push_back(item);
  hashes_.push_back(hash);
  return SwitchId{slots_[i]};
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

std::vector<SwitchId> make_switches(const ir::Graph& graph, std::span<const ir::NodeId> roots,
                                    const SwitchTarget& target, Switches& switches) {
  return Maker(graph, target, switches).run(roots);
}

}  // namespace callgate::jit
