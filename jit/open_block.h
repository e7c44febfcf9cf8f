// A block of steps that is being written. All such blocks are written through this: it alone says which steps are
// theirs.
#pragma once

#include <cstdint>
#include <vector>

#include "jit/block.h"
#include "jit/result_blocks.h"

namespace callgate::jit {

// From its making to end() all new steps belong to the block, which is appended to the code; one block is open at a
// time. Refers to `results` and `steps`, which must outlive it.
class OpenBlock {
 public:
  // `id` is a block of kind `steps` that was made already.
  OpenBlock(ResultBlocks& results, std::vector<Step>& steps, BlockId id)
      : results_(&results), steps_(&steps), id_(id), begin_(static_cast<std::uint32_t>(steps.size())) {
    results.append(id);
  }

  void add(const Step& step) { steps_->push_back(step); }
  Step& first_step() { return (*steps_)[begin_]; }

  // Ends the block in a branch whose likelier edge falls through. Returns where it falls through to.
  BlockId end(Cond cond, const Edge& taken, const Edge& next) {
    Block& block = results_->block(id_);
    block.operand = Steps{begin_, static_cast<std::uint32_t>(steps_->size())};
    end_in_branch(block, cond, taken, next);
    return block.next;
  }

 private:
  ResultBlocks* results_;
  std::vector<Step>* steps_;
  BlockId id_;
  std::uint32_t begin_;
};

}  // namespace callgate::jit
