// How a switch over ranges is made: a few comparisons with single values, one interval, membership in a set of bits, or
// a binary search tree over these.
//
// This is the switch lowering of compilers (Hennessy and Mendelsohn, "Compilation of the Pascal case statement", 1982;
// bit tests and the search tree over clusters as in LLVM's SwitchLowering), without jump tables: an indirect jump is
// mispredicted when calls come in no order, and emitted code has none.
//
// Example (tests/golden/jit/choice_split.lst): a value with the ranges, where A, B, C and D stand for results and D is
// the likeliest,
//
//   0 … D   10 … A   11 … D   200 … B   201 … D   3000 … A   3001 … D   40000 … B   40001 … D   500000 … A   500001 … D
//   6000000 … C   6000001 … D   0xf0000000 … C
//
// has too many single values to compare one by one, and they are too far apart for a set of 64 bits. So it is cut in
// two at 500000, the end of the widest range in the middle half, and each part is looked at again: [0, 500000) is cut
// at 201, where [201, 500000) is two single values, 3000 and 40000; from 6000000 on, one interval ends at 0xefffffff.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "jit/block.h"
#include "jit/open_block.h"
#include "jit/result_blocks.h"
#include "jit/switch.h"

namespace callgate::jit {

// The value of a switch, and its place.
struct SwitchValue {
  bool in_memory;            // a word of the input at `offset`; else the expression `expr`
  bool wide = false;         // 64 bits
  std::uint32_t offset = 0;  // in bytes
  ir::ExprId expr = {};
  ir::Source source = {};
};

class SwitchLowering {
 public:
  SwitchLowering(ResultBlocks& results, std::vector<Step>& steps, std::uint32_t unit, bool has_64_bits)
      : results_(results), steps_(steps), unit_(unit), set_size_(has_64_bits ? 64 : 32) {}

  // Appends the blocks of a switch. `first` is made already and becomes the first of them. `edges` has one edge for
  // each range.
  void lower(BlockId first, const SwitchValue& value, std::span<const Range> ranges, std::span<const Edge> edges);

 private:
  // The ranges from `begin` to `end`, among which the value is known to lie.
  struct Part {
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t size() const { return end - begin; }
  };

  // Each of the first three writes the part, or leaves `block` as it is and returns false if the part has not this
  // form.
  bool lower_points(OpenBlock block, Part part);
  bool lower_interval(OpenBlock block, Part part);
  bool lower_set(OpenBlock block, Part part);
  void lower_split(OpenBlock block, Part part);
  void lower_part(OpenBlock block, Part part);
  std::uint32_t split_point(Part part) const;

  // The last value of a range that is not the last one of the switch.
  std::uint64_t last_of(std::uint32_t range) const { return ranges_[range + 1].start - 1; }
  bool same_target(std::uint32_t a, std::uint32_t b) const { return edges_[a].block == edges_[b].block; }
  bool is_one_comparison(Part part) const;

  BlockId make() { return results_.make({.kind = BlockKind::steps, .unit = unit_}); }
  OpenBlock open(BlockId block) { return OpenBlock(results_, steps_, block); }
  void load(OpenBlock& block);
  void compare(OpenBlock& block, std::uint64_t with);
  Edge part_edge(Part part);
  Step step(StepKind kind, std::uint64_t value = 0) const;

  ResultBlocks& results_;
  std::vector<Step>& steps_;
  std::uint32_t unit_;
  std::uint32_t set_size_;

  SwitchValue value_{};
  std::span<const Range> ranges_;
  std::span<const Edge> edges_;
  bool loaded_ = false;  // whether the value is in acc
};

}  // namespace callgate::jit
