#include "jit/result_blocks.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace callgate::jit {
namespace {

// Whether a block has no instruction of its own, so that jumps to it can go where it goes.
bool is_empty(const Block& block) {
  if (block.kind == BlockKind::enter) return !block.get<Zeroed>().a && !block.get<Zeroed>().x;
  return block.kind == BlockKind::baseline && block.get<Instructions>().begin == block.get<Instructions>().end;
}

}  // namespace

ResultBlocks::ResultBlocks(std::uint32_t units, const ir::Sequence& sequence)
    : sequence_(sequence), keeps_current_(sequence.merges_all && units > 1) {
  const BlockId entry = make({.kind = BlockKind::entry, .operand = EntryIndex{0}});
  append(entry);
  for (std::uint32_t unit = 0; unit < units; ++unit) {
    enters_.push_back(make({.kind = BlockKind::enter, .unit = unit, .operand = Zeroed{}}));
  }
  if (keeps_current_) return_current_ = make({.kind = BlockKind::return_current});
  const BlockId first = units == 0 ? return_constant(sequence_.goes_on) : enters_[0];  // may move the blocks
  blocks_[entry].next = first;
}

BlockId ResultBlocks::make(const Block& block) {
  blocks_.push_back(block);
  return BlockId{static_cast<std::uint32_t>(blocks_.size() - 1)};
}

BlockId ResultBlocks::next_unit(std::uint32_t unit) {
  if (unit + 1 < enters_.size()) return enters_[unit + 1];
  return keeps_current_ ? return_current_ : return_constant(sequence_.goes_on);
}

BlockId ResultBlocks::return_constant(std::uint32_t value) {
  const auto [place, is_new] = returns_.try_emplace(value, no_block);
  if (is_new) place->second = make({.kind = BlockKind::return_constant, .operand = Result{value}});
  return place->second;
}

BlockId ResultBlocks::constant(std::uint32_t unit, std::uint32_t value) {
  if (sequence_.lets_go_on(value)) return next_unit(unit);
  return keeps_current_ ? merge_constant(unit, value) : return_constant(value);
}

// The current result stays where its action is the lesser one as a signed number, or the same.
BlockId ResultBlocks::merge_constant(std::uint32_t unit, std::uint32_t value) {
  const auto [place, is_new] = merged_constants_.try_emplace(value, no_block);
  if (!is_new) return place->second;
  const BlockId older = next_unit(unit);
  const BlockId store =
      make({.kind = BlockKind::store_constant, .unit = unit, .operand = Result{value}, .next = older});
  const BlockId merge = make({.kind = BlockKind::merge_constant,
                              .unit = unit,
                              .operand = Result{value},
                              .cond = Cond::less_equal,
                              .taken = older,
                              .next = store});
  merges_.insert(merges_.end(), {merge, store});
  return place->second = merge;
}

BlockId ResultBlocks::in_a(std::uint32_t unit) {
  if (in_a_ != no_block) return in_a_;
  const BlockId stops = stops_in_a(unit);
  if (keeps_current_) return in_a_ = stops;
  in_a_ = make({.kind = BlockKind::check_goes_on, .unit = unit, .taken = next_unit(unit), .next = stops});
  merges_.push_back(in_a_);
  return in_a_;
}

BlockId ResultBlocks::stops_in_a(std::uint32_t unit) {
  if (stops_in_a_ != no_block) return stops_in_a_;
  if (!keeps_current_) {
    if (return_a_ == no_block) return_a_ = make({.kind = BlockKind::return_a});
    return stops_in_a_ = return_a_;
  }
  const BlockId older = next_unit(unit);
  const BlockId store = make({.kind = BlockKind::store_a, .unit = unit, .next = older});
  stops_in_a_ =
      make({.kind = BlockKind::merge_a, .unit = unit, .cond = Cond::greater_equal, .taken = older, .next = store});
  merges_.insert(merges_.end(), {stops_in_a_, store});
  return stops_in_a_;
}

void ResultBlocks::append_merges() {
  order_.insert(order_.end(), merges_.begin(), merges_.end());
  merges_.clear();
  merged_constants_.clear();
  in_a_ = stops_in_a_ = no_block;
}

void ResultBlocks::drop_empty_blocks() {
  const auto skip = [&](BlockId id) {
    while (id != no_block && is_empty(blocks_[id])) id = blocks_[id].next;
    return id;
  };
  for (Block& block : blocks_) {
    block.taken = skip(block.taken);
    block.next = skip(block.next);
    if (block.taken == block.next) block.taken = no_block;
  }
  std::erase_if(order_, [&](BlockId id) { return is_empty(blocks_[id]); });
}

// A jump to a return is as long as the return itself, so a block that runs into one gets a copy of it.
void ResultBlocks::append_copies_of_returns() {
  std::vector<BlockId> order;
  order.reserve(2 * order_.size());
  for (const BlockId id : order_) {
    order.push_back(id);
    const BlockId next = blocks_[id].next;
    if (next == no_block || !is_return(blocks_[next])) continue;
    const BlockId copy = make(Block(blocks_[next]));  // may move the blocks
    blocks_[id].next = copy;
    order.push_back(copy);
  }
  order_ = std::move(order);
}

ir::IdMap<BlockId, Block> ResultBlocks::finish() && {
  drop_empty_blocks();
  append_copies_of_returns();
  std::vector<BlockId> behind;
  for (const auto& [value, id] : returns_) behind.push_back(id);
  for (const BlockId id : {return_a_, return_current_}) {
    if (id != no_block) behind.push_back(id);
  }
  ir::IdMap<BlockId, bool> jumped_to(blocks_.size());
  for (const BlockId id : order_) {
    if (blocks_[id].taken != no_block) jumped_to[blocks_[id].taken] = true;
  }
  std::copy_if(behind.begin(), behind.end(), std::back_inserter(order_), [&](BlockId id) { return jumped_to[id]; });

  ir::IdMap<BlockId, BlockId> place(blocks_.size(), no_block);
  for (std::uint32_t i = 0; i < order_.size(); ++i) place[order_[i]] = BlockId{i};
  ir::IdMap<BlockId, Block> ordered;
  ordered.reserve(order_.size());
  for (std::uint32_t i = 0; i < order_.size(); ++i) {
    Block block = blocks_[order_[i]];
    if (block.taken != no_block) block.taken = place[block.taken];
    if (block.next != no_block) block.next = place[block.next];
    if (block.taken == BlockId{i + 1}) {  // fall through into the near one
      std::swap(block.taken, block.next);
      block.cond = negate(block.cond);
    }
    ordered.push_back(block);
  }
  return ordered;
}

}  // namespace callgate::jit
