// The code generator: the instructions of each block of a flow, written once for every assembler and target. The jumps
// between blocks are the business of jit/layout.h.
#pragma once

#include <cstdint>

#include "bpf/opcode.h"
#include "jit/abi.h"
#include "jit/assembler.h"
#include "jit/blinding.h"
#include "jit/block.h"

namespace callgate::jit {

// For code without marks.
struct NoMarks {
  void operator()(ir::Source) const {}
};

// Marks(source) is called before the code of each BPF instruction or graph node.
template <Assembler As, class Marks = NoMarks>
class Generator {
 public:
  Generator(As& as, const Abi& abi, const InputMap& input, const Flow& flow, Marks marks = {})
      : as_(as, flow.blinding, {this}),
        abi_(abi),
        input_(input),
        flow_(flow),
        frame_(abi.has_frame && flow.needs_slots ? 4 * slot_count : 0),
        marks_(marks) {}

  void body(const Block& block) {
    switch (block.kind) {
      case BlockKind::entry: return entry();
      case BlockKind::enter: return enter(block.get<Zeroed>());
      case BlockKind::baseline: return instructions(block);
      case BlockKind::guard:
        instructions(block);
        as_.test(abi_.x, abi_.x);
        return;
      case BlockKind::test: return test(block);
      case BlockKind::steps: return steps(block);
      case BlockKind::compute: return compute_leaf(block);
      case BlockKind::check_goes_on:
        as_.mov(Reg::ecx, Reg::eax);
        as_.and_(Reg::ecx, action_mask());
        as_.cmp(Reg::ecx, Imm{flow_.sequence.goes_on});
        return;
      case BlockKind::merge_constant:
        as_.mov(Reg::eax, slot(slot_current));
        as_.and_(Reg::eax, action_mask());
        as_.cmp(Reg::eax, Imm{block.get<Result>().value & flow_.sequence.action_mask});
        return;
      case BlockKind::store_constant: return as_.mov(slot(slot_current), Imm{block.get<Result>().value});
      case BlockKind::merge_a:
        as_.mov(slot(slot_spill), Reg::eax);
        as_.and_(Reg::eax, action_mask());
        as_.mov(Reg::ecx, slot(slot_current));
        as_.and_(Reg::ecx, action_mask());
        as_.cmp(Reg::eax, Reg::ecx);
        return;
      case BlockKind::store_a:
        as_.mov(Reg::eax, slot(slot_spill));
        as_.mov(slot(slot_current), Reg::eax);
        return;
      case BlockKind::return_constant: set(Reg::eax, block.get<Result>().value); return leave();
      case BlockKind::return_a: return leave();
      case BlockKind::return_current: as_.mov(Reg::eax, slot(slot_current)); return leave();
    }
  }

 private:
  Mem slot(std::uint32_t index) const { return {Reg::esp, abi_.first_slot + static_cast<int>(4 * index)}; }
  Mem word(std::uint32_t offset) const { return {abi_.input, input_.at[offset / 4]}; }
  const ir::Graph& graph(const Block& block) const { return *flow_.units[block.unit].rooted_graph()->graph; }
  Imm action_mask() const { return Imm{flow_.sequence.action_mask}; }

  void entry() {
    as_.endbr();
    if (frame_ != 0) as_.sub(Reg::esp, Imm{frame_});
    load_input();
    if (flow_.keeps_current) as_.mov(slot(slot_current), Imm{flow_.sequence.goes_on});
  }

  // For Blinding: edx was overwritten.
  struct ReloadInput {
    Generator* generator;
    void operator()() const {
      if (generator->abi_.input == Reg::edx) generator->load_input();
    }
  };

  void load_input() {
    if (abi_.has_frame) as_.mov(abi_.input, Mem{Reg::esp, static_cast<std::int32_t>(frame_ + 4)});
  }

  void leave() {
    if (frame_ != 0) as_.add(Reg::esp, Imm{frame_});
    as_.ret();
  }

  void enter(const Zeroed& registers) {
    if (registers.a) set(abi_.a, 0);
    if (registers.x) set(abi_.x, 0);
  }

  void set(Reg reg, std::uint32_t value) {
    if (value == 0) {
      as_.xor_(reg, reg);
    } else {
      as_.mov(reg, Imm{value});
    }
  }

  template <class Divisor>
  void divide(Divisor by) {
    as_.xor_(Reg::edx, Reg::edx);
    as_.div(by);
    if (abi_.input == Reg::edx) load_input();
  }

  // ---- switches ------------------------------------------------------------------------------------------------

  void steps(const Block& block) {
    const auto [begin, end] = block.get<Steps>();
    for (std::uint32_t i = begin; i < end; ++i) {
      const Step& step = flow_.steps[i];
      if (step.marked) marks_(step.source);
      if (step.wide) {
        wide_step(step);
      } else {
        narrow_step(block, step);
      }
    }
  }

  void narrow_step(const Block& block, const Step& step) {
    const Imm value{static_cast<std::uint32_t>(step.value)};
    switch (step.kind) {
      case StepKind::load: return as_.mov(Reg::eax, word(step.offset));
      case StepKind::compute: return compute(graph(block), step.expr, 0);
      case StepKind::compare_word: return as_.cmp(word(step.offset), value);
      case StepKind::compare: return as_.cmp(Reg::eax, value);
      case StepKind::test_word: return test_word(word(step.offset), value);
      case StepKind::test: return as_.test(Reg::eax, value);
      case StepKind::subtract: return as_.sub(Reg::eax, value);
      case StepKind::set_members: return as_.mov(Reg::ecx, value);
      case StepKind::test_member: return as_.bt(Reg::ecx, Reg::eax);
    }
  }

  void wide_step(const Step& step) {
    const WideImm value{static_cast<std::uint32_t>(step.value)};
    switch (step.kind) {
      case StepKind::load: return as_.mov_wide(Reg::eax, word(step.offset));
      case StepKind::compare_word: return as_.cmp_wide(word(step.offset), value);
      case StepKind::compare:
        if (step.value <= 0x7fffffff) return as_.cmp_wide(Reg::eax, value);
        as_.mov_wide(Reg::ecx, step.value);
        return as_.cmp_wide(Reg::eax, Reg::ecx);
      case StepKind::subtract: return as_.sub_wide(Reg::eax, value);
      case StepKind::set_members: return as_.mov_wide(Reg::ecx, step.value);
      case StepKind::test_member: return as_.bt_wide(Reg::ecx, Reg::eax);
      case StepKind::compute:  // LCOV_EXCL_START: there are no wide ones
      case StepKind::test_word:
      case StepKind::test: return;  // LCOV_EXCL_STOP
    }
  }

  // Bits of one byte are tested with a constant of one byte (x86 is little-endian).
  void test_word(Mem at, Imm mask) {
    for (std::uint32_t byte = 0; byte < 4; ++byte) {
      if ((mask.value & ~(0xffu << 8 * byte)) != 0) continue;
      const Mem only{at.base, at.disp + static_cast<std::int32_t>(byte)};
      return as_.test_byte(only, static_cast<std::uint8_t>(mask.value >> 8 * byte));
    }
    as_.test(at, mask);
  }

  // ---- baseline form -------------------------------------------------------------------------------------------

  void instructions(const Block& block) {
    const Unit& unit = flow_.units[block.unit];
    const auto insns = unit.baseline()->program.instructions();
    const auto [begin, end] = block.get<Instructions>();
    for (std::uint32_t pc = begin; pc < end; ++pc) {
      marks_(ir::Source{unit.first_filter, pc});
      instruction(insns[pc]);
    }
  }

  void instruction(const Insn& insn) {
    using bpf::Opcode;
    const Reg a = abi_.a;
    const Reg x = abi_.x;
    const Imm k{insn.k};
    switch (bpf::opcode_of(insn)) {
      case Opcode::ld_imm: return set(a, insn.k);
      case Opcode::ld_abs:
        if (input_.is_constant[insn.k / 4]) return set(a, static_cast<std::uint32_t>(input_.at[insn.k / 4]));
        return as_.mov(a, word(insn.k));
      case Opcode::ld_len: return set(a, input_.schema.bytes);
      case Opcode::ld_mem: return as_.mov(a, slot(insn.k));
      case Opcode::ldx_imm: return set(x, insn.k);
      case Opcode::ldx_len: return set(x, input_.schema.bytes);
      case Opcode::ldx_mem: return as_.mov(x, slot(insn.k));
      case Opcode::st: return as_.mov(slot(insn.k), a);
      case Opcode::stx: return as_.mov(slot(insn.k), x);
      case Opcode::tax: return as_.mov(x, a);
      case Opcode::txa: return as_.mov(a, x);

      case Opcode::add_k: return as_.add(a, k);
      case Opcode::add_x: return as_.add(a, x);
      case Opcode::sub_k: return as_.sub(a, k);
      case Opcode::sub_x: return as_.sub(a, x);
      case Opcode::mul_k: return as_.imul(a, k);
      case Opcode::mul_x: return as_.imul(a, x);
      case Opcode::div_k: as_.mov(slot(slot_spill), k); return divide(slot(slot_spill));
      case Opcode::div_x: return divide(x);  // X is not 0: a guard block lies before this
      case Opcode::or_k: return as_.or_(a, k);
      case Opcode::or_x: return as_.or_(a, x);
      case Opcode::and_k: return as_.and_(a, k);
      case Opcode::and_x: return as_.and_(a, x);
      case Opcode::xor_k: return as_.xor_(a, k);
      case Opcode::xor_x: return as_.xor_(a, x);
      case Opcode::lsh_k: return shift_left(k);
      case Opcode::lsh_x: return as_.shl_cl(a);  // the processor takes X & 31, as filters do
      case Opcode::rsh_k: return shift_right(k);
      case Opcode::rsh_x: return as_.shr_cl(a);
      case Opcode::neg: return as_.neg(a);

      case Opcode::jeq_k:
      case Opcode::jgt_k:
      case Opcode::jge_k: return as_.cmp(a, k);
      case Opcode::jeq_x:
      case Opcode::jgt_x:
      case Opcode::jge_x: return as_.cmp(a, x);
      case Opcode::jset_k: return as_.test(a, k);
      case Opcode::jset_x: return as_.test(a, x);

      // LCOV_EXCL_START: jumps and returns, which the layout makes
      case Opcode::ja:
      case Opcode::ret_k:
      case Opcode::ret_a:
        return;
        // LCOV_EXCL_STOP
    }
  }

  void shift_left(Imm by) {
    if (by.value != 0) as_.shl(abi_.a, by);
  }
  void shift_right(Imm by) {
    if (by.value != 0) as_.shr(abi_.a, by);
  }

  // ---- decision graph ------------------------------------------------------------------------------------------

  void compute_leaf(const Block& block) {
    const ir::Graph& g = graph(block);
    const ir::Node& node = g.node_at(block.get<GraphNode>().id);
    marks_(node.source);
    compute(g, node.computed(), 0);
  }

  // Sets the flags for the condition of the test. Its right side is no constant: tests against constants become steps.
  void test(const Block& block) {
    const ir::Graph& g = graph(block);
    const ir::Node& node = g.node_at(block.get<GraphNode>().id);
    marks_(node.source);
    const ir::Expr& rhs = g.expr_at(node.rhs());
    const bool in_memory = rhs.op == ir::Op::load;
    if (!in_memory) spill(g, node.rhs(), 0);
    compute(g, node.lhs(), in_memory ? 0 : 1);
    const Mem with = in_memory ? word(rhs.offset()) : slot(0);
    if (node.compare == ir::Compare::any_bit_set) {
      as_.test(Reg::eax, with);
    } else {
      as_.cmp(Reg::eax, with);
    }
  }

  void spill(const ir::Graph& g, ir::ExprId id, std::uint32_t free_slot) {
    compute(g, id, free_slot);
    as_.mov(slot(free_slot), Reg::eax);
  }

  // A = the value of an expression. Slots from `free_slot` on are free. Recursion is bounded by the size of an
  // expression, and so is the number of slots: every one holds the right side of an operation on the way, which has two
  // nodes at least, beside the right side of a test.
  static_assert(1 + ir::max_merged_expr_size / 3 <= scratch_slots);
  void compute(const ir::Graph& g, ir::ExprId id, std::uint32_t free_slot) {
    const ir::Expr& e = g.expr_at(id);
    switch (e.op) {
      case ir::Op::constant: return set(Reg::eax, e.value());
      case ir::Op::load: return as_.mov(Reg::eax, word(e.offset()));
      case ir::Op::neg: compute(g, e.lhs(), free_slot); return as_.neg(Reg::eax);
      case ir::Op::add:
      case ir::Op::sub:
      case ir::Op::mul:
      case ir::Op::div:
      case ir::Op::or_:
      case ir::Op::and_:
      case ir::Op::xor_:
      case ir::Op::lsh:
      case ir::Op::rsh: break;
    }
    const ir::Expr& rhs = g.expr_at(e.rhs());
    if (rhs.op == ir::Op::constant) {
      compute(g, e.lhs(), free_slot);
      return operate_constant(e.op, Imm{rhs.value()});
    }
    if (rhs.op == ir::Op::load) {
      compute(g, e.lhs(), free_slot);
      return operate(e.op, word(rhs.offset()));
    }
    spill(g, e.rhs(), free_slot);
    compute(g, e.lhs(), free_slot + 1);
    operate(e.op, slot(free_slot));
  }

  void operate_constant(ir::Op op, Imm rhs) {
    switch (op) {
      case ir::Op::div: as_.mov(Reg::ecx, rhs); return divide(Reg::ecx);
      case ir::Op::lsh: return shift_left(Imm{rhs.value & 31});
      case ir::Op::rsh: return shift_right(Imm{rhs.value & 31});
      case ir::Op::add:
      case ir::Op::sub:
      case ir::Op::mul:
      case ir::Op::or_:
      case ir::Op::and_:
      case ir::Op::xor_: return operate_plain(op, rhs);
      case ir::Op::constant:  // LCOV_EXCL_START: see compute()
      case ir::Op::load:
      case ir::Op::neg: return;  // LCOV_EXCL_STOP
    }
  }

  void operate(ir::Op op, Mem rhs) {
    switch (op) {
      case ir::Op::div: as_.mov(Reg::ecx, rhs); return divide(Reg::ecx);
      case ir::Op::lsh: as_.mov(Reg::ecx, rhs); return as_.shl_cl(Reg::eax);
      case ir::Op::rsh: as_.mov(Reg::ecx, rhs); return as_.shr_cl(Reg::eax);
      case ir::Op::add:
      case ir::Op::sub:
      case ir::Op::mul:
      case ir::Op::or_:
      case ir::Op::and_:
      case ir::Op::xor_: return operate_plain(op, rhs);
      case ir::Op::constant:  // LCOV_EXCL_START: see compute()
      case ir::Op::load:
      case ir::Op::neg: return;  // LCOV_EXCL_STOP
    }
  }

  // The operations that are one instruction for every operand.
  template <class Operand>
  void operate_plain(ir::Op op, Operand rhs) {
    switch (op) {
      case ir::Op::add: return as_.add(Reg::eax, rhs);
      case ir::Op::sub: return as_.sub(Reg::eax, rhs);
      case ir::Op::mul: return as_.imul(Reg::eax, rhs);
      case ir::Op::or_: return as_.or_(Reg::eax, rhs);
      case ir::Op::and_: return as_.and_(Reg::eax, rhs);
      case ir::Op::xor_: return as_.xor_(Reg::eax, rhs);
      case ir::Op::div:  // LCOV_EXCL_START: see above
      case ir::Op::lsh:
      case ir::Op::rsh:
      case ir::Op::constant:
      case ir::Op::load:
      case ir::Op::neg: return;  // LCOV_EXCL_STOP
    }
  }

  Blinding<As, ReloadInput> as_;
  const Abi& abi_;
  const InputMap& input_;
  const Flow& flow_;
  std::uint32_t frame_;  // bytes
  Marks marks_;
};

}  // namespace callgate::jit
