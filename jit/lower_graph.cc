#include "jit/lower_graph.h"

#include <algorithm>

#include "callgate/action.hpp"
#include "jit/switch_lowering.h"

namespace callgate::jit {
namespace {

Cond cond_of(ir::Compare compare) {
  switch (compare) {
    case ir::Compare::equal: return Cond::equal;
    case ir::Compare::greater: return Cond::above;
    case ir::Compare::greater_equal: return Cond::above_equal;
    case ir::Compare::any_bit_set: return Cond::not_equal;
  }
  return Cond::equal;  // LCOV_EXCL_LINE: every value has its case above
}

class Lowering {
 public:
  Lowering(ResultBlocks& results, Flow& flow, const ir::Graph& graph, std::uint32_t segment, const SwitchTarget& target)
      : results_(results), flow_(flow), graph_(graph), segment_(segment), target_(target),
        coder_(results, flow.steps, segment, target.has_64_bits) {}

  void run(std::span<const ir::NodeId> roots, std::span<const BlockId> entry_blocks) {
    const std::vector<SwitchId> root_choices = make_switches(graph_, roots, target_, choices_);
    rate();
    order(root_choices);
    first_block_.resize(choices_.size());
    for (const SwitchId id : order_) first_block_[id] = make_first_block(choices_[id]);
    link_entries(root_choices, entry_blocks);
    for (const SwitchId id : order_) {
      for (BlockId entry = entry_of_[id]; entry != no_block; entry = next_entry_[entry]) results_.append(entry);
      code(id);
    }
  }

 private:
  // How likely a call gets ALLOW in the end: what most calls get, so that code falls through to it.
  static constexpr std::uint32_t certain = 1u << 16;

  void rate() {
    likelihood_.resize(choices_.size());
    for (SwitchId id = 0; id < choices_.size(); ++id) {
      const Switch& c = choices_[id];
      switch (c.kind) {
        case SwitchKind::constant: likelihood_[id] = c.value == action::allow ? certain : 0; break;
        case SwitchKind::computed: likelihood_[id] = 0; break;
        case SwitchKind::ranges: {
          std::uint64_t sum = 0;
          for (const Range& range : choices_.ranges(c)) sum += likelihood_[range.target];
          likelihood_[id] = static_cast<std::uint32_t>(sum / c.range_count);
          break;
        }
        default: likelihood_[id] = (likelihood_[c.then] + likelihood_[c.otherwise]) / 2; break;
      }
    }
  }

  void targets_of(const Switch& c, std::vector<SwitchId>& targets) const {
    targets.clear();
    if (c.kind == SwitchKind::ranges) {
      for (const Range& range : choices_.ranges(c)) targets.push_back(range.target);
      std::sort(targets.begin(), targets.end());
      targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
    } else if (c.kind != SwitchKind::constant && c.kind != SwitchKind::computed) {
      targets.assign({c.then, c.otherwise});
    }
  }

  // Topological: what leads somewhere comes before it, and the likeliest next choice directly behind where that can be.
  // (The reverse of a depth-first walk's post-order, the likeliest target visited last; iterative, stacks are small.)
  void order(std::span<const SwitchId> roots) {
    std::vector<bool> seen(choices_.size());
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
        targets_of(choices_[id], targets);
        std::stable_sort(targets.begin(), targets.end(),
                         [&](SwitchId a, SwitchId b) { return likelihood_[a] > likelihood_[b]; });
        for (const SwitchId target : targets) todo.emplace_back(target, false);  // the last one is visited first
      }
    }
    std::reverse(order_.begin(), order_.end());
  }

  BlockId make_first_block(const Switch& c) {
    switch (c.kind) {
      case SwitchKind::constant: return results_.constant(segment_, c.value);
      case SwitchKind::computed: return results_.make({BlockKind::compute, segment_, c.value});
      case SwitchKind::test: return results_.make({BlockKind::test, segment_, c.value});
      default: return results_.make({BlockKind::steps, segment_});
    }
  }

  void link_entries(std::span<const SwitchId> roots, std::span<const BlockId> entry_blocks) {
    entry_of_.assign(choices_.size(), no_block);
    next_entry_.assign(std::ranges::max(entry_blocks) + 1, no_block);
    for (std::size_t i = 0; i < roots.size(); ++i) {
      const BlockId entry = entry_blocks[i];
      results_.block(entry).next = first_block_[roots[i]];
      if (results_.block(entry).kind == BlockKind::enter) continue;  // the segment's, which is appended already
      next_entry_[entry] = entry_of_[roots[i]];
      entry_of_[roots[i]] = entry;
    }
  }

  bool in_memory(ir::ExprId value) const { return graph_.expr_at(value).op == ir::Op::load; }

  void code(SwitchId id) {
    const Switch& c = choices_[id];
    const BlockId block = first_block_[id];
    switch (c.kind) {
      case SwitchKind::constant: return;  // where returns lie is decided when all code is there
      case SwitchKind::computed:
        results_.append(block);
        results_.block(block).next = results_.denied_in_a(segment_);
        return;
      case SwitchKind::test:
        results_.append(block);
        return branch(block, cond_of(graph_.node_at(c.value).compare), c);
      case SwitchKind::bits: return code_bits(block, c);
      case SwitchKind::ranges: return code_ranges(block, c);
    }
  }

  void code_bits(BlockId block, const Switch& c) {
    const auto begin = static_cast<std::uint32_t>(flow_.steps.size());
    if (in_memory(c.value)) {
      flow_.steps.push_back({StepKind::test_word, false, graph_.expr_at(c.value).lhs, c.mask});
    } else {
      flow_.steps.push_back({StepKind::compute, false, c.value});
      flow_.steps.push_back({StepKind::test, false, 0, c.mask});
    }
    flow_.steps[begin].source = c.source;
    flow_.steps[begin].marked = true;
    results_.append(block);
    results_.block(block).first = begin;
    results_.block(block).last = static_cast<std::uint32_t>(flow_.steps.size());
    branch(block, Cond::not_equal, c);
  }

  void code_ranges(BlockId block, const Switch& c) {
    edges_.clear();
    for (const Range& range : choices_.ranges(c)) edges_.push_back({first_block_[range.target], likelihood_[range.target]});
    Switch resolved = c;
    const bool memory = c.wide || in_memory(c.value);
    if (memory && !c.wide) resolved.value = graph_.expr_at(c.value).lhs;
    coder_.code(block, resolved, choices_.ranges(c), edges_, memory);
  }

  void branch(BlockId id, Cond cond, const Switch& c) {
    Block& block = results_.block(id);
    const bool swap = likelihood_[c.then] > likelihood_[c.otherwise];
    block.cond = swap ? negate(cond) : cond;
    block.taken = first_block_[swap ? c.otherwise : c.then];
    block.next = first_block_[swap ? c.then : c.otherwise];
  }

  ResultBlocks& results_;
  Flow& flow_;
  const ir::Graph& graph_;
  std::uint32_t segment_;
  const SwitchTarget& target_;
  SwitchLowering coder_;
  Switches choices_;
  std::vector<std::uint32_t> likelihood_;  // by choice, out of `certain`
  std::vector<SwitchId> order_;
  std::vector<BlockId> first_block_;  // by choice
  std::vector<BlockId> entry_of_;     // by choice: the entries that lie in front of it, chained
  std::vector<BlockId> next_entry_;   // by entry block
  std::vector<Edge> edges_;
};

}  // namespace

void lower_graph(ResultBlocks& results, Flow& flow, const ir::Graph& graph, std::span<const ir::NodeId> roots,
                     std::span<const BlockId> entry_blocks, std::uint32_t segment, const SwitchTarget& target) {
  Lowering(results, flow, graph, segment, target).run(roots, entry_blocks);
}

}  // namespace callgate::jit
