// How a choice among ranges is made: a few comparisons, a search tree, membership in a set of bits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "jit/switch.h"
#include "jit/block.h"
#include "jit/result_blocks.h"

namespace callgate::jit {

// Where a range leads to, and how likely calls go there (higher is likelier).
struct Edge {
  BlockId block;
  std::uint32_t likelihood;
};

class SwitchLowering {
 public:
  SwitchLowering(ResultBlocks& results, std::vector<Step>& steps, std::uint32_t segment, bool has_64_bits)
      : results_(results), steps_(steps), segment_(segment), set_size_(has_64_bits ? 64 : 32) {}

  // Appends the blocks that choose. `first` is made already and becomes the first of them. `edges` has one way for each
  // range; the value is a word in memory or an expression.
  void code(BlockId first, const Switch& choice, std::span<const Range> ranges, std::span<const Edge> edges, bool in_memory);

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
  bool same_way(std::uint32_t a, std::uint32_t b) const { return edges_[a].block == edges_[b].block; }
  std::uint32_t count_comparisons(Part part) const;

  void compare(std::uint64_t value);
  void branch(BlockId block, Cond cond, const Edge& taken, const Edge& next);
  Edge part_edge(Part part);
  Step step(StepKind kind, std::uint64_t value = 0) const;

  ResultBlocks& results_;
  std::vector<Step>& steps_;
  std::uint32_t segment_;
  std::uint32_t set_size_;

  Switch choice_{};
  std::span<const Range> ranges_;
  std::span<const Edge> edges_;
  bool loaded_ = false;
};

}  // namespace callgate::jit
