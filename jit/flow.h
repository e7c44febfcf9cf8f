// The order of the code: a plan cut into blocks that end in at most one conditional and one unconditional jump, all of
// them forward.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "callgate/options.hpp"
#include "ir/plan.h"
#include "jit/assembler.h"

namespace callgate::jit {

using BlockId = std::uint32_t;
inline constexpr BlockId no_block = 0xffffffff;

enum class BlockKind : std::uint8_t {
  entry,           // of the whole function
  enter,           // of a segment: sets the registers in `first` to 0 (zero_a, zero_x)
  straight,        // instructions [first, last) of a straight form
  guard,           // the same, then a test of X against 0 for the DIV X that follows
  test,            // node `first` of a graph
  compute,         // A = value of the computed leaf `first`
  check_allow,     // compares the action of A with ALLOW
  merge_constant,  // compares the current result with the constant `first` (most_restrictive, several segments)
  store_constant,  // current result = the constant `first`
  merge_a,         // compares A with the current result
  store_a,         // current result = A
  return_constant,
  return_a,
  return_current,
};

inline constexpr std::uint32_t zero_a = 1;
inline constexpr std::uint32_t zero_x = 2;

struct Block {
  BlockKind kind;
  std::uint32_t segment = 0;  // index into the plan
  std::uint32_t first = 0;    // an instruction, a node, a constant, or registers
  std::uint32_t last = 0;
  Cond cond = Cond::equal;
  BlockId taken = no_block;  // where to go when `cond` holds
  BlockId next = no_block;   // where to go otherwise; none for returns
};

struct Flow {
  std::span<const std::shared_ptr<const ir::Segment>> plan;
  std::vector<Block> blocks;  // in the order of the code: `taken` and `next` are greater than a block's own index
  bool needs_slots = false;   // some block uses stack slots
  bool keeps_current = false; // the result so far lives in a slot
};

// May throw std::bad_alloc. The plan must outlive the flow. An empty plan allows everything.
Flow lower(std::span<const std::shared_ptr<const ir::Segment>> plan, MergeRule rule);

}  // namespace callgate::jit
