#include "jit/lower_baseline.h"

#include "bpf/opcode.h"
#include "ir/liveness.h"

namespace callgate::jit {
namespace {

using bpf::Opcode;

// How every dialect ends a program that divides by X = 0 (DIV|X in net/core/filter.c).
constexpr std::uint32_t result_of_division_by_zero = 0;

// Cuts one baseline form into its basic blocks. A jump to a JA or a RET becomes a jump to where that leads.
class BaselineLowering {
 public:
  BaselineLowering(ResultBlocks& results, const ir::Baseline& baseline, std::uint32_t unit)
      : results_(results), insns_(baseline.program.instructions()), unit_(unit), block_at_(insns_.size(), no_block) {
    leaders_.resize(insns_.size());
    for (std::uint32_t pc = 0; pc < insns_.size(); ++pc) {
      const ir::Successors next = ir::successors_of(insns_[pc], pc);
      const bool falls_through = next.count == 1 && next.at[0] == pc + 1;
      for (std::uint32_t i = 0; i < next.count && !falls_through; ++i) leaders_[next.at[i]] = true;
    }
  }

  // Returns the block of the first instruction. All blocks are in order once this returns.
  BlockId run() {
    const BlockId first = destination(0);
    for (std::uint32_t pc = 0; pc < insns_.size(); ++pc) {
      if (block_at_[pc] != no_block) lower_from(pc);
    }
    return first;
  }

 private:
  BlockId destination(std::uint32_t pc) {
    while (bpf::opcode_of(insns_[pc]) == Opcode::ja) pc += 1 + insns_[pc].k;
    if (bpf::opcode_of(insns_[pc]) == Opcode::ret_k) return results_.constant(unit_, insns_[pc].k);
    if (bpf::opcode_of(insns_[pc]) == Opcode::ret_a) return results_.in_a(unit_);
    if (block_at_[pc] == no_block) block_at_[pc] = make_block(pc);
    return block_at_[pc];
  }

  BlockId make_block(std::uint32_t pc) {
    return results_.make({.kind = BlockKind::baseline, .unit = unit_, .operand = Instructions{pc, pc}});
  }

  void lower_from(std::uint32_t first) {
    BlockId id = block_at_[first];
    results_.append(id);
    for (std::uint32_t pc = first;; ++pc) {
      const Insn& insn = insns_[pc];
      const Opcode op = bpf::opcode_of(insn);
      if ((pc != first && leaders_[pc]) || op == Opcode::ja || op == Opcode::ret_k || op == Opcode::ret_a) {
        return end(id, pc, destination(pc));
      }
      if (op == Opcode::div_x) id = guard(id, pc);
      if (bpf::is_branch(bpf::find_opcode(insn.code)->form)) return end_in_branch(id, pc);
    }
  }

  void end(BlockId id, std::uint32_t last, BlockId next) {
    Block& block = results_.block(id);
    block.get<Instructions>().end = last;
    block.next = next;
  }

  void end_in_branch(BlockId id, std::uint32_t pc) {
    const Insn& insn = insns_[pc];
    const BlockId then = destination(pc + 1 + insn.jt);
    const BlockId otherwise = destination(pc + 1 + insn.jf);
    if (then == otherwise) return end(id, pc, then);
    end(id, pc + 1, otherwise);
    results_.block(id).taken = then;
    results_.block(id).cond = cond_of(ir::compare_of(bpf::opcode_of(insn)));
  }

  // Ends the block before the DIV X at `pc` in a test of X, and begins a new one at the division.
  BlockId guard(BlockId id, std::uint32_t pc) {
    const BlockId division = make_block(pc);
    const BlockId by_zero = results_.constant(unit_, result_of_division_by_zero);
    end(id, pc, division);
    Block& block = results_.block(id);
    block.kind = BlockKind::guard;
    block.cond = Cond::equal;
    block.taken = by_zero;
    results_.append(division);
    return division;
  }

  ResultBlocks& results_;
  std::span<const Insn> insns_;
  std::uint32_t unit_;
  std::vector<BlockId> block_at_;  // blocks that start at an instruction and are gone to
  std::vector<bool> leaders_;      // targets of jumps
};

}  // namespace

BlockId lower_baseline(ResultBlocks& results, const ir::Baseline& baseline, std::uint32_t unit) {
  return BaselineLowering(results, baseline, unit).run();
}

bool needs_slots(const ir::Baseline& baseline) {
  for (const Insn& insn : baseline.program.instructions()) {
    if (bpf::find_opcode(insn.code)->form == bpf::Form::scratch || bpf::opcode_of(insn) == Opcode::div_k) return true;
  }
  return false;
}

}  // namespace callgate::jit
