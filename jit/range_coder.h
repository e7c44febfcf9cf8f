// How a choice among ranges is made: a few comparisons, a search tree, membership in a set of bits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "jit/choices.h"
#include "jit/flow.h"
#include "jit/result_blocks.h"

namespace callgate::jit {

// Where a range leads to, and how likely calls go there (higher is likelier).
struct Way {
  BlockId block;
  std::uint32_t likelihood;
};

class RangeCoder {
 public:
  RangeCoder(ResultBlocks& results, std::vector<Step>& steps, std::uint32_t segment, bool has_64_bits)
      : results_(results), steps_(steps), segment_(segment), set_size_(has_64_bits ? 64 : 32) {}

  // Appends the blocks that choose. `first` is made already and becomes the first of them. `ways` has one way for each
  // range; the value is a word in memory or an expression.
  void code(BlockId first, const Choice& choice, std::span<const Range> ranges, std::span<const Way> ways, bool in_memory);

 private:
  // The ranges from `begin` to `end`, among which the value is known to lie.
  struct Part {
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t size() const { return end - begin; }
  };

  BlockId code_part(BlockId block, Part part);
  bool code_points(BlockId block, Part part);
  bool code_interval(BlockId block, Part part);
  bool code_set(BlockId block, Part part);
  void code_split(BlockId block, Part part);
  std::uint32_t split_point(Part part) const;

  // The last value of a range that is not the choice's last one.
  std::uint64_t last_of(std::uint32_t range) const { return ranges_[range + 1].start - 1; }
  bool same_way(std::uint32_t a, std::uint32_t b) const { return ways_[a].block == ways_[b].block; }
  std::uint32_t count_comparisons(Part part) const;

  void compare(std::uint64_t value);
  void branch(BlockId block, Cond cond, const Way& taken, const Way& next);
  Way part_way(Part part);
  Step step(StepKind kind, std::uint64_t value = 0) const;

  ResultBlocks& results_;
  std::vector<Step>& steps_;
  std::uint32_t segment_;
  std::uint32_t set_size_;

  Choice choice_{};
  std::span<const Range> ranges_;
  std::span<const Way> ways_;
  bool loaded_ = false;
};

}  // namespace callgate::jit
