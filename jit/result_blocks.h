// How the result of a unit goes on: it is returned, merged into the current result, or the next older unit runs.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "ir/sequence.h"
#include "jit/block.h"

namespace callgate::jit {

// Makes and keeps the blocks while units are lowered. Blocks are made in any order, and appended to the code in the
// order in which they will lie.
class ResultBlocks {
 public:
  ResultBlocks(std::uint32_t units, const ir::Sequence& sequence);

  // Whether the current result must be kept while older units run.
  bool keeps_current() const { return keeps_current_; }

  // Makes room for so many more.
  void reserve(std::size_t blocks) {
    blocks_.reserve(blocks_.size() + blocks);
    order_.reserve(order_.size() + blocks);
  }
  BlockId make(const Block& block);
  Block& block(BlockId id) { return blocks_[id]; }
  void append(BlockId id) { order_.push_back(id); }

  BlockId enter(std::uint32_t unit) const { return enters_[unit]; }

  // Where a unit jumps to with a constant result, with a result in A, and with a result in A that is known not to go on
  // (see ir::Sequence).
  BlockId constant(std::uint32_t unit, std::uint32_t value);
  BlockId in_a(std::uint32_t unit);
  BlockId stops_in_a(std::uint32_t unit);

  // Appends the blocks that merge a unit's results; call it when the unit's own blocks are appended.
  void append_merges();

  // The blocks in their order, with the returns behind them. `taken` and `next` become indices into the result.
  ir::IdMap<BlockId, Block> finish() &&;

 private:
  BlockId next_unit(std::uint32_t unit);  // or the end, behind the oldest
  BlockId return_constant(std::uint32_t value);
  BlockId merge_constant(std::uint32_t unit, std::uint32_t value);
  void drop_empty_blocks();
  void append_copies_of_returns();
  static bool is_return(const Block& block) { return block.next == no_block; }

  ir::Sequence sequence_;
  bool keeps_current_;
  ir::IdMap<BlockId, Block> blocks_;
  std::vector<BlockId> order_;
  std::vector<BlockId> enters_;
  std::map<std::uint32_t, BlockId> returns_;  // shared, by constant
  BlockId return_a_ = no_block;
  BlockId return_current_ = no_block;

  // Of the unit that is being lowered.
  std::vector<BlockId> merges_;
  std::map<std::uint32_t, BlockId> merged_constants_;
  BlockId in_a_ = no_block;
  BlockId stops_in_a_ = no_block;
};

}  // namespace callgate::jit
