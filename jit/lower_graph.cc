#include "jit/lower_graph.h"

#include <algorithm>
#include <cassert>

#include "jit/open_block.h"
#include "jit/sort_stably.h"
#include "jit/switch.h"
#include "jit/switch_lowering.h"

namespace callgate::jit {
namespace {

bool is_operand(const ir::Graph& graph, ir::ExprId id) { return ir::info(graph.expr_at(id).op).arity == 0; }

class GraphLowering {
 public:
  GraphLowering(ResultBlocks& results, Flow& flow, const ir::Graph& graph, std::uint32_t unit,
                const SwitchTarget& target)
      : results_(results),
        flow_(flow),
        graph_(graph),
        unit_(unit),
        target_(target),
        switch_lowering_(results, flow.steps, unit, target.has_64_bits) {}

  void run(std::span<const ir::NodeId> roots, std::span<const BlockId> entry_blocks) {
    const std::vector<SwitchId> root_switches = make_switches(graph_, roots, target_, switches_);
    // About a block and a step or two for each comparison of a range.
    results_.reserve(roots.size() + switches_.size() + switches_.range_count());
    flow_.steps.reserve(flow_.steps.size() + switches_.size() + switches_.range_count());
    rate();
    order(root_switches);
    first_block_.resize(switches_.size(), no_block);
    for (const SwitchId id : order_) first_block_[id] = make_first_block(switches_[id]);
    link_entries(root_switches, entry_blocks);
    for (const SwitchId id : order_) {
      for (BlockId entry = entry_of_[id]; entry != no_block; entry = next_entry_[entry]) results_.append(entry);
      lower(id);
    }
  }

 private:
  // Likelihoods are out of this.
  static constexpr std::uint32_t certain = 1u << 16;

  // How likely a call that comes to a switch goes on in the end (see ir::Sequence). Most calls do, so code falls
  // through to where they go. Every target of a switch counts the same.
  void rate() {
    likelihood_.resize(switches_.size());
    for (const SwitchId id : switches_.ids()) likelihood_[id] = rate(switches_[id]);
  }

  std::uint32_t rate(const Switch& s) const {
    switch (s.kind()) {
      case SwitchKind::constant: return flow_.sequence.lets_go_on(s.result()) ? certain : 0;
      case SwitchKind::computed: return 0;
      case SwitchKind::bits:
      case SwitchKind::test: return (likelihood_[s.then()] + likelihood_[s.otherwise()]) / 2;
      case SwitchKind::ranges:
      case SwitchKind::wide_ranges: break;
    }
    const std::span<const Range> ranges = switches_.ranges(s);
    std::uint64_t sum = 0;
    for (const Range& range : ranges) sum += likelihood_[range.target];
    return static_cast<std::uint32_t>(sum / ranges.size());
  }

  void targets_of(const Switch& s, std::vector<SwitchId>& targets) const {
    targets.clear();
    if (s.has_ranges()) {
      for (const Range& range : switches_.ranges(s)) targets.push_back(range.target);
      std::sort(targets.begin(), targets.end());
      targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
    } else if (!s.is_leaf()) {
      targets.assign({s.then(), s.otherwise()});
    }
  }

  // Topological: a switch comes before its targets, and the likeliest target directly behind it where that is possible.
  // This is the reverse post-order of a depth-first walk that visits the likeliest target last; iterative, because
  // stacks are small.
  void order(std::span<const SwitchId> roots) {
    ir::IdMap<SwitchId, bool> seen(switches_.size());
    std::vector<std::pair<SwitchId, bool>> todo;
    std::vector<SwitchId> targets;
    for (std::size_t i = roots.size(); i-- > 0;) {  // so that the first root comes to lie in front
      todo.emplace_back(roots[i], false);
      while (!todo.empty()) {
        const auto [id, done] = todo.back();
        todo.pop_back();
        if (done) {
          order_.push_back(id);
          continue;
        }
        if (seen[id]) continue;
        seen[id] = true;
        todo.emplace_back(id, true);
        targets_of(switches_[id], targets);
        sort_stably(targets, [&](SwitchId a, SwitchId b) { return likelihood_[a] > likelihood_[b]; });
        for (const SwitchId target : targets) todo.emplace_back(target, false);  // the last one is visited first
      }
    }
    std::reverse(order_.begin(), order_.end());
  }

  BlockId make_first_block(const Switch& s) {
    switch (s.kind()) {
      case SwitchKind::constant: return results_.constant(unit_, s.result());
      case SwitchKind::computed:
        return results_.make({.kind = BlockKind::compute, .unit = unit_, .operand = GraphNode{s.node()}});
      case SwitchKind::test:
        return results_.make({.kind = BlockKind::test, .unit = unit_, .operand = GraphNode{s.node()}});
      case SwitchKind::bits:
      case SwitchKind::ranges:
      case SwitchKind::wide_ranges: break;
    }
    return results_.make({.kind = BlockKind::steps, .unit = unit_});
  }

  void link_entries(std::span<const SwitchId> roots, std::span<const BlockId> entry_blocks) {
    entry_of_.assign(switches_.size(), no_block);
    next_entry_.assign(std::ranges::max(entry_blocks).index() + 1, no_block);
    for (std::size_t i = 0; i < roots.size(); ++i) {
      const BlockId entry = entry_blocks[i];
      results_.block(entry).next = first_block_[roots[i]];
      if (results_.block(entry).kind == BlockKind::enter) continue;  // the unit's own, which is appended already
      next_entry_[entry] = entry_of_[roots[i]];
      entry_of_[roots[i]] = entry;
    }
  }

  void lower(SwitchId id) {
    const Switch& s = switches_[id];
    const BlockId block = first_block_[id];
    switch (s.kind()) {
      case SwitchKind::constant: return;  // ResultBlocks places the returns when all other blocks have their place
      case SwitchKind::computed:
        results_.append(block);
        results_.block(block).next = results_.stops_in_a(unit_);
        return;
      case SwitchKind::test:
        results_.append(block);
        return end_in_branch(results_.block(block), cond_of(graph_.node_at(s.node()).compare), edge_to(s.then()),
                             edge_to(s.otherwise()));
      case SwitchKind::bits: return lower_bits(block, s);
      case SwitchKind::ranges:
      case SwitchKind::wide_ranges: return lower_ranges(block, s);
    }
  }

  void lower_bits(BlockId first, const Switch& s) {
    OpenBlock block(results_, flow_.steps, first);
    const ir::Expr& e = graph_.expr_at(s.expr());
    if (e.op == ir::Op::load) {
      block.add({.kind = StepKind::test_word, .offset = e.offset(), .value = s.mask()});
    } else {
      block.add({.kind = StepKind::compute, .expr = s.expr()});
      block.add({.kind = StepKind::test, .value = s.mask()});
    }
    block.first_step().source = s.source();
    block.first_step().marked = true;
    block.end(Cond::not_equal, edge_to(s.then()), edge_to(s.otherwise()));
  }

  void lower_ranges(BlockId first, const Switch& s) {
    edges_.clear();
    for (const Range& range : switches_.ranges(s)) edges_.push_back(edge_to(range.target));
    switch_lowering_.lower(first, value_of(s), switches_.ranges(s), edges_);
  }

  SwitchValue value_of(const Switch& s) const {
    if (s.is_wide()) return {.in_memory = true, .wide = true, .offset = s.offset(), .source = s.source()};
    const ir::Expr& e = graph_.expr_at(s.expr());
    if (e.op == ir::Op::load) return {.in_memory = true, .offset = e.offset(), .source = s.source()};
    return {.in_memory = false, .expr = s.expr(), .source = s.source()};
  }

  Edge edge_to(SwitchId id) const {
    assert(first_block_[id] != no_block);
    return {first_block_[id], likelihood_[id]};
  }

  ResultBlocks& results_;
  Flow& flow_;
  const ir::Graph& graph_;
  std::uint32_t unit_;
  const SwitchTarget& target_;
  SwitchLowering switch_lowering_;
  Switches switches_;
  ir::IdMap<SwitchId, std::uint32_t> likelihood_;
  std::vector<SwitchId> order_;
  ir::IdMap<SwitchId, BlockId> first_block_;
  ir::IdMap<SwitchId, BlockId> entry_of_;   // the entries that lie in front of a switch, chained
  ir::IdMap<BlockId, BlockId> next_entry_;  // by entry block
  std::vector<Edge> edges_;
};

}  // namespace

void lower_graph(ResultBlocks& results, Flow& flow, const ir::Graph& graph, std::span<const ir::NodeId> roots,
                 std::span<const BlockId> entry_blocks, std::uint32_t unit, const SwitchTarget& target) {
  GraphLowering(results, flow, graph, unit, target).run(roots, entry_blocks);
}

bool needs_slots(const ir::Graph& graph) {
  for (const ir::ExprId id : graph.exprs()) {
    const ir::Expr& e = graph.expr_at(id);
    if (ir::info(e.op).arity == 2 && !is_operand(graph, e.rhs())) return true;
  }
  for (const ir::NodeId id : graph.nodes()) {
    const ir::Node& n = graph.node_at(id);
    if (n.kind == ir::NodeKind::test && !is_operand(graph, n.rhs())) return true;
  }
  return false;
}

}  // namespace callgate::jit
