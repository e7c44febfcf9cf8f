// Code as blocks: each ends in at most one conditional and one unconditional jump, all of them forward.
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "ir/graph.h"
#include "ir/sequence.h"
#include "jit/assembler.h"
#include "jit/blinding_key.h"
#include "jit/unit.h"

namespace callgate::jit {

using BlockId = ir::Id<struct BlockTag>;
inline constexpr BlockId no_block{0xffffffff};

enum class BlockKind : std::uint8_t {  // and the operand of such a block
  entry,                               // EntryIndex: where callers come in
  enter,                               // Zeroed: the start of a unit; sets the registers to 0
  baseline,                            // Instructions of a baseline form
  guard,                               // Instructions, then a test of X against 0 for the DIV X that follows
  test,                                // GraphNode: a test that compares two expressions
  steps,                               // Steps
  compute,                             // GraphNode: a computed leaf; A = its value
  check_goes_on,                       // none: whether the result in A lets the next unit decide
  merge_constant,                      // Result: compares the action of the current result with that of this one
  store_constant,                      // Result: the current result is this one
  merge_a,                             // none: compares the action of A with that of the current result
  store_a,                             // none: the current result is A
  return_constant,                     // Result
  return_a,                            // none
  return_current,                      // none
};

struct EntryIndex {
  std::uint32_t index;  // 0 is the whole function, i + 1 the root i of LowerRequest::entry_roots
};
struct Zeroed {
  bool a = false;
  bool x = false;
};
struct Instructions {
  std::uint32_t begin;
  std::uint32_t end;
};
struct Steps {  // of Flow::steps
  std::uint32_t begin;
  std::uint32_t end;
};
struct GraphNode {
  ir::NodeId id;
};
struct Result {
  std::uint32_t value;
};

struct Block {
  using Operand = std::variant<std::monostate, EntryIndex, Zeroed, Instructions, Steps, GraphNode, Result>;

  BlockKind kind;
  std::uint32_t unit = 0;  // index into Flow::units
  Operand operand = {};
  Cond cond = Cond::equal;
  BlockId taken = no_block;  // where to go when `cond` holds
  BlockId next = no_block;   // where to go otherwise; none for returns

  template <class T>
  const T& get() const {
    return std::get<T>(operand);
  }
  template <class T>
  T& get() {
    return std::get<T>(operand);
  }
};

// The condition that holds for lhs compare rhs, after a comparison of them (after a test for any_bit_set).
constexpr Cond cond_of(ir::Compare compare) {
  switch (compare) {
    case ir::Compare::equal: return Cond::equal;
    case ir::Compare::greater: return Cond::above;
    case ir::Compare::greater_equal: return Cond::above_equal;
    case ir::Compare::any_bit_set: return Cond::not_equal;
  }
  return Cond::equal;  // LCOV_EXCL_LINE: every value has its case above
}

// Where a branch leads to, and how likely calls go there (higher is likelier).
struct Edge {
  BlockId block;
  std::uint32_t likelihood;
};

// Ends `block` in a branch whose likelier edge falls through.
inline void end_in_branch(Block& block, Cond cond, const Edge& taken, const Edge& next) {
  const bool swap = taken.likelihood > next.likelihood;
  block.cond = swap ? negate(cond) : cond;
  block.taken = swap ? next.block : taken.block;
  block.next = swap ? taken.block : next.block;
}

// One machine instruction, or the computation of an expression. `acc` is eax, or all of rax where `wide`.
enum class StepKind : std::uint8_t {
  load,          // acc = the word at `offset`
  compute,       // acc = expression `expr` of the unit's graph
  compare_word,  // the word at `offset` with `value`
  compare,       // acc with `value`
  test_word,     // the word at `offset` for any bit of `value`
  test,          // acc for any bit of `value`
  subtract,      // acc -= value
  set_members,   // ecx (rcx) = value
  test_member,   // carry flag = bit `acc` of ecx (rcx)
};

struct Step {
  StepKind kind;
  bool wide = false;
  bool marked = false;       // the first step of a switch: its code gets a mark
  std::uint32_t offset = 0;  // of a word of the input, in bytes
  ir::ExprId expr = {};
  std::uint64_t value = 0;
  ir::Source source = {};  // for the mark
};

// A whole function.
struct Flow {
  std::span<const Unit> units;  // newest first; owned by the caller of lower()
  ir::Sequence sequence;
  ir::IdMap<BlockId, Block>
      blocks;  // in the order of the code: `taken` and `next` are greater than a block's own index
  std::vector<Step> steps;
  std::vector<BlockId> entries;  // the whole function, then the roots with an entry of their own
  bool needs_slots = false;      // some block uses stack slots
  BlindingKey blinding = {};     // how constants are written
  bool keeps_current = false;    // the current result, merged from the units so far, lives in a slot
};

}  // namespace callgate::jit
