// The order of the code: a plan cut into blocks that end in at most one conditional and one unconditional jump, all of
// them forward.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "callgate/options.hpp"
#include "compose/plan.h"
#include "jit/assembler.h"
#include "jit/switch.h"

namespace callgate::jit {

using BlockId = std::uint32_t;
inline constexpr BlockId no_block = 0xffffffff;

enum class BlockKind : std::uint8_t {
  entry,           // where callers come in: 0, the whole function, or one of the plan's residuals (`first` - 1)
  enter,           // of a segment: sets the registers in `first` to 0 (zero_a, zero_x)
  baseline,        // instructions [first, last) of a baseline form
  guard,           // the same, then a test of X against 0 for the DIV X that follows
  test,            // node `first` of a graph, which compares two expressions
  steps,           // Flow::steps from `first` to `last`
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

// One machine instruction, or the computation of an expression. `acc` is eax, or all of rax where `wide`.
enum class StepKind : std::uint8_t {
  load,           // acc = the word at byte offset `word`
  compute,        // acc = expression `word` of the segment's graph
  compare_word,   // the word at byte offset `word` with `value`
  compare,        // acc with `value`
  test_word,      // the word at byte offset `word` for any bit of `value`
  test,           // acc for any bit of `value`
  subtract,       // acc -= value
  set_members,    // ecx (rcx) = value
  test_member,    // carry flag = bit `acc` of ecx (rcx)
};

struct Step {
  StepKind kind;
  bool wide = false;
  std::uint32_t word = 0;
  std::uint64_t value = 0;
  ir::Source source = {};  // for marks; of the first step of a choice
  bool marked = false;
};

struct Flow {
  std::span<const std::shared_ptr<const compose::Segment>> plan;
  std::vector<Block> blocks;  // in the order of the code: `taken` and `next` are greater than a block's own index
  bool needs_slots = false;   // some block uses stack slots
  bool keeps_current = false; // the result so far lives in a slot
  std::vector<Step> steps;
  std::vector<BlockId> entries;  // the whole function, then the residuals
};

// What is compiled, and for which machine.
struct FlowRequest {
  std::span<const std::shared_ptr<const compose::Segment>> plan;
  MergeRule rule;
  std::span<const ir::NodeId> residuals;  // roots of the newest segment's graph that get an entry of their own
  SwitchTarget target;
};

// May throw std::bad_alloc. The plan must outlive the flow. An empty plan allows everything.
Flow lower(const FlowRequest& request);

}  // namespace callgate::jit
