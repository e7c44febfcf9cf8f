#include "ir/liveness.h"

#include "bpf/opcode.h"

namespace callgate::ir {

using bpf::Form;
using bpf::Opcode;

Effect effect_of(const Insn& insn) {
  constexpr Variables a = bit(variable_a);
  constexpr Variables x = bit(variable_x);
  switch (bpf::opcode_of(insn)) {
    case Opcode::ld_imm:
    case Opcode::ld_abs:
    case Opcode::ld_len: return {0, a};
    case Opcode::ld_mem: return {bit(insn.k), a};
    case Opcode::ldx_imm:
    case Opcode::ldx_len: return {0, x};
    case Opcode::ldx_mem: return {bit(insn.k), x};
    case Opcode::st: return {a, bit(insn.k)};
    case Opcode::stx: return {x, bit(insn.k)};
    case Opcode::tax: return {a, x};
    case Opcode::txa: return {x, a};
    case Opcode::ret_a: return {a, 0};
    case Opcode::ret_k:
    case Opcode::ja: return {0, 0};
    default: break;
  }
  // What is left are branches, which read only, and arithmetic on A.
  const Form form = bpf::find_opcode(insn.code)->form;
  const bool with_x = form == Form::branch_x || form == Form::x;
  return {a | (with_x ? x : 0), bpf::is_branch(form) ? 0 : a};
}

Successors successors_of(const Insn& insn, std::uint32_t pc) {
  const Opcode op = bpf::opcode_of(insn);
  if (op == Opcode::ret_k || op == Opcode::ret_a) return {};
  if (op == Opcode::ja) return {1, {pc + 1 + insn.k, 0}};
  if (bpf::is_branch(bpf::find_opcode(insn.code)->form)) return {2, {pc + 1 + insn.jt, pc + 1 + insn.jf}};
  return {1, {pc + 1, 0}};
}

// All jumps go forward, so one pass from the back sees every successor first.
std::vector<Variables> live_before(const Program& program) {
  const auto insns = program.instructions();
  std::vector<Variables> live(insns.size());
  for (std::uint32_t pc = program.size(); pc-- > 0;) {
    const Successors next = successors_of(insns[pc], pc);
    Variables after = 0;
    for (std::uint32_t i = 0; i < next.count; ++i) after |= live[next.at[i]];
    const Effect effect = effect_of(insns[pc]);
    live[pc] = (after & ~effect.writes) | effect.reads;
  }
  return live;
}

}  // namespace callgate::ir
