#include "jit/result_blocks.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "callgate/action.hpp"

namespace callgate::jit {

ResultBlocks::ResultBlocks(std::uint32_t segments, MergeRule rule)
    : keeps_current_(rule == MergeRule::most_restrictive && segments > 1) {
  const BlockId entry = make({BlockKind::entry});
  append(entry);
  for (std::uint32_t i = 0; i < segments; ++i) enters_.push_back(make({BlockKind::enter, i}));
  if (keeps_current_) return_current_ = make({BlockKind::return_current});
  blocks_[entry].next = segments == 0 ? return_constant(action::allow) : enters_[0];
}

BlockId ResultBlocks::make(const Block& block) {
  blocks_.push_back(block);
  return static_cast<BlockId>(blocks_.size() - 1);
}

BlockId ResultBlocks::go_on(std::uint32_t segment) {
  if (segment + 1 < enters_.size()) return enters_[segment + 1];
  return keeps_current_ ? return_current_ : return_constant(action::allow);
}

BlockId ResultBlocks::return_constant(std::uint32_t value) {
  const auto [place, is_new] = returns_.try_emplace(value, no_block);
  if (is_new) place->second = make({BlockKind::return_constant, 0, value});
  return place->second;
}

BlockId ResultBlocks::constant(std::uint32_t segment, std::uint32_t value) {
  if (action_of(value) == action::allow) return go_on(segment);
  return keeps_current_ ? merge_constant(segment, value) : return_constant(value);
}

BlockId ResultBlocks::merge_constant(std::uint32_t segment, std::uint32_t value) {
  const auto [place, is_new] = merged_constants_.try_emplace(value, no_block);
  if (!is_new) return place->second;
  const BlockId older = go_on(segment);
  const BlockId store = make({BlockKind::store_constant, segment, value, 0, Cond::equal, no_block, older});
  const BlockId merge = make({BlockKind::merge_constant, segment, value, 0, Cond::less_equal, older, store});
  merges_.insert(merges_.end(), {merge, store});
  return place->second = merge;
}

BlockId ResultBlocks::in_a(std::uint32_t segment) {
  if (in_a_ != no_block) return in_a_;
  const BlockId denied = denied_in_a(segment);
  if (keeps_current_) return in_a_ = denied;
  in_a_ = make({BlockKind::check_allow, segment, 0, 0, Cond::equal, go_on(segment), denied});
  merges_.push_back(in_a_);
  return in_a_;
}

BlockId ResultBlocks::denied_in_a(std::uint32_t segment) {
  if (denied_in_a_ != no_block) return denied_in_a_;
  if (!keeps_current_) {
    if (return_a_ == no_block) return_a_ = make({BlockKind::return_a});
    return denied_in_a_ = return_a_;
  }
  const BlockId older = go_on(segment);
  const BlockId store = make({BlockKind::store_a, segment, 0, 0, Cond::equal, no_block, older});
  denied_in_a_ = make({BlockKind::merge_a, segment, 0, 0, Cond::greater_equal, older, store});
  merges_.insert(merges_.end(), {denied_in_a_, store});
  return denied_in_a_;
}

void ResultBlocks::append_merges() {
  order_.insert(order_.end(), merges_.begin(), merges_.end());
  merges_.clear();
  merged_constants_.clear();
  in_a_ = denied_in_a_ = no_block;
}

// Blocks without an instruction of their own: everyone goes where they go.
void ResultBlocks::drop_empty_blocks() {
  const auto is_empty = [&](BlockId id) {
    const Block& b = blocks_[id];
    return (b.kind == BlockKind::enter && b.first == 0) || (b.kind == BlockKind::baseline && b.first == b.last);
  };
  const auto skip = [&](BlockId id) {
    while (id != no_block && is_empty(id)) id = blocks_[id].next;
    return id;
  };
  for (Block& block : blocks_) {
    block.taken = skip(block.taken);
    block.next = skip(block.next);
    if (block.taken == block.next) block.taken = no_block;
  }
  std::erase_if(order_, is_empty);
}

// A jump to a return is as long as the return itself, so a block that runs into one gets a copy of it.
void ResultBlocks::append_copies_of_returns() {
  std::vector<BlockId> order;
  order.reserve(2 * order_.size());
  for (const BlockId id : order_) {
    order.push_back(id);
    const BlockId next = blocks_[id].next;
    if (next == no_block || !is_return(blocks_[next])) continue;
    blocks_[id].next = make(Block(blocks_[next]));
    order.push_back(blocks_[id].next);
  }
  order_ = std::move(order);
}

std::vector<Block> ResultBlocks::finish() && {
  drop_empty_blocks();
  append_copies_of_returns();
  std::vector<BlockId> behind;
  for (const auto& [value, id] : returns_) behind.push_back(id);
  for (const BlockId id : {return_a_, return_current_}) {
    if (id != no_block) behind.push_back(id);
  }
  std::vector<bool> jumped_to(blocks_.size());
  for (const BlockId id : order_) {
    if (blocks_[id].taken != no_block) jumped_to[blocks_[id].taken] = true;
  }
  std::copy_if(behind.begin(), behind.end(), std::back_inserter(order_), [&](BlockId id) { return jumped_to[id]; });

  std::vector<BlockId> place(blocks_.size(), no_block);
  for (std::uint32_t i = 0; i < order_.size(); ++i) place[order_[i]] = i;
  std::vector<Block> ordered;
  ordered.reserve(order_.size());
  for (std::uint32_t i = 0; i < order_.size(); ++i) {
    Block block = blocks_[order_[i]];
    if (block.taken != no_block) block.taken = place[block.taken];
    if (block.next != no_block) block.next = place[block.next];
    if (block.taken == i + 1) {  // fall through into the near one
      std::swap(block.taken, block.next);
      block.cond = negate(block.cond);
    }
    ordered.push_back(block);
  }
  return ordered;
}

}  // namespace callgate::jit
