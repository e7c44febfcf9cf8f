#include "ir/liveness.h"

#include <cassert>

#include "bpf/opcode.h"

namespace callgate::ir {

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
    case Opcode::add_k:
    case Opcode::sub_k:
    case Opcode::mul_k:
    case Opcode::div_k:
    case Opcode::or_k:
    case Opcode::and_k:
    case Opcode::xor_k:
    case Opcode::lsh_k:
    case Opcode::rsh_k:
    case Opcode::neg: return {a, a};
    case Opcode::add_x:
    case Opcode::sub_x:
    case Opcode::mul_x:
    case Opcode::div_x:
    case Opcode::or_x:
    case Opcode::and_x:
    case Opcode::xor_x:
    case Opcode::lsh_x:
    case Opcode::rsh_x: return {a | x, a};
    case Opcode::jeq_k:
    case Opcode::jgt_k:
    case Opcode::jge_k:
    case Opcode::jset_k: return {a, 0};
    case Opcode::jeq_x:
    case Opcode::jgt_x:
    case Opcode::jge_x:
    case Opcode::jset_x: return {a | x, 0};
  }
  return {~Variables{0}, 0};  // LCOV_EXCL_LINE: every value has its case above
}

Compare compare_of(Opcode branch) {
  switch (branch) {
    case Opcode::jeq_k:
    case Opcode::jeq_x: return Compare::equal;
    case Opcode::jgt_k:
    case Opcode::jgt_x: return Compare::greater;
    case Opcode::jge_k:
    case Opcode::jge_x: return Compare::greater_equal;
    case Opcode::jset_k:
    case Opcode::jset_x: return Compare::any_bit_set;
    // LCOV_EXCL_START: no caller asks about other instructions
    case Opcode::ld_imm:
    case Opcode::ld_abs:
    case Opcode::ld_len:
    case Opcode::ld_mem:
    case Opcode::ldx_imm:
    case Opcode::ldx_len:
    case Opcode::ldx_mem:
    case Opcode::st:
    case Opcode::stx:
    case Opcode::tax:
    case Opcode::txa:
    case Opcode::add_k:
    case Opcode::add_x:
    case Opcode::sub_k:
    case Opcode::sub_x:
    case Opcode::mul_k:
    case Opcode::mul_x:
    case Opcode::div_k:
    case Opcode::div_x:
    case Opcode::or_k:
    case Opcode::or_x:
    case Opcode::and_k:
    case Opcode::and_x:
    case Opcode::xor_k:
    case Opcode::xor_x:
    case Opcode::lsh_k:
    case Opcode::lsh_x:
    case Opcode::rsh_k:
    case Opcode::rsh_x:
    case Opcode::neg:
    case Opcode::ja:
    case Opcode::ret_k:
    case Opcode::ret_a: break;
  }
  assert(false && "no branch");
  return Compare::equal;
  // LCOV_EXCL_STOP
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
