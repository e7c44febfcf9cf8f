// What happens to the result of a segment: it is returned, merged, or the next older segment runs.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "callgate/options.hpp"
#include "jit/block.h"

namespace callgate::jit {

// Makes and keeps the blocks while a plan is lowered. Blocks are made in any order, and appended to the code in the
// order in which they will lie.
class ResultBlocks {
 public:
  ResultBlocks(std::uint32_t segments, MergeRule rule);

  // Whether the result so far must be kept while older segments run.
  bool keeps_current() const { return keeps_current_; }

  BlockId make(const Block& block);
  Block& block(BlockId id) { return blocks_[id]; }
  void append(BlockId id) { order_.push_back(id); }

  BlockId enter(std::uint32_t segment) const { return enters_[segment]; }

  // Where a segment goes with a constant result, a result in A, and a result in A that is known not to be ALLOW.
  BlockId constant(std::uint32_t segment, std::uint32_t value);
  BlockId in_a(std::uint32_t segment);
  BlockId denied_in_a(std::uint32_t segment);

  // Appends the blocks that merge a segment's results; call it when the segment's own blocks are appended.
  void append_merges();

  // The blocks in their order, with the returns behind them. `taken` and `next` become indices into the result.
  std::vector<Block> finish() &&;

 private:
  BlockId go_on(std::uint32_t segment);  // to the next older segment, or to the end
  BlockId return_constant(std::uint32_t value);
  BlockId merge_constant(std::uint32_t segment, std::uint32_t value);
  void drop_empty_blocks();
  void append_copies_of_returns();
  static bool is_return(const Block& block) { return block.next == no_block; }

  bool keeps_current_;
  std::vector<Block> blocks_;
  std::vector<BlockId> order_;
  std::vector<BlockId> enters_;
  std::map<std::uint32_t, BlockId> returns_;  // shared, by constant
  BlockId return_a_ = no_block;
  BlockId return_current_ = no_block;

  // Of the segment that is being lowered.
  std::vector<BlockId> merges_;
  std::map<std::uint32_t, BlockId> merged_constants_;
  BlockId in_a_ = no_block;
  BlockId denied_in_a_ = no_block;
};

}  // namespace callgate::jit
