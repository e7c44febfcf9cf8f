#include "verifier/kernel_length.h"

#include "bpf/opcode.h"

namespace callgate::verifier {
namespace {

using bpf::Opcode;

constexpr std::uint32_t prologue = 3;  // clear A, clear X, keep the context

std::uint32_t converted(const Insn& insn) noexcept {
  const Opcode op = bpf::opcode_of(insn);
  if (op == Opcode::ret_k) return 2;  // set the result, exit
  if (op == Opcode::div_x) return 5;  // test the divisor and leave with 0
  const bpf::Form form = bpf::find_opcode(insn.code)->form;
  if (!bpf::is_branch(form)) return 1;
  // The internal BPF has no unsigned 32-bit immediates, no jump with two targets, and no negated JSET.
  const bool jset = op == Opcode::jset_k || op == Opcode::jset_x;
  const bool needs_register = form == bpf::Form::branch_imm && insn.k >= 0x80000000;
  const bool needs_second_jump = insn.jf != 0 && (insn.jt != 0 || jset);
  return 1u + (needs_register ? 1u : 0u) + (needs_second_jump ? 1u : 0u);
}

}  // namespace

std::uint32_t kernel_length(std::span<const Insn> program) noexcept {
  std::uint32_t length = prologue;
  for (const Insn& insn : program) length += converted(insn);
  return length;
}

}  // namespace callgate::verifier
