#include "dispatch/action_table.h"

#include <algorithm>

#include "bpf/opcode.h"

namespace callgate::detail {
namespace {

using bpf::Form;
using bpf::Opcode;
using Value = std::optional<std::uint32_t>;  // empty: depends on more than number and architecture

Value compute(Opcode op, Value a, Value b) noexcept {
  if (!a || !b) return std::nullopt;
  switch (op) {
    case Opcode::add_k: case Opcode::add_x: return *a + *b;
    case Opcode::sub_k: case Opcode::sub_x: return *a - *b;
    case Opcode::mul_k: case Opcode::mul_x: return *a * *b;
    case Opcode::div_k: case Opcode::div_x: return *a / *b;
    case Opcode::or_k: case Opcode::or_x: return *a | *b;
    case Opcode::and_k: case Opcode::and_x: return *a & *b;
    case Opcode::xor_k: case Opcode::xor_x: return *a ^ *b;
    case Opcode::lsh_k: case Opcode::lsh_x: return *a << (*b & 31);
    default: return *a >> (*b & 31);
  }
}

std::optional<bool> decide(Opcode op, Value a, Value b) noexcept {
  if (!a || !b) return std::nullopt;
  switch (op) {
    case Opcode::jeq_k: case Opcode::jeq_x: return *a == *b;
    case Opcode::jgt_k: case Opcode::jgt_x: return *a > *b;
    case Opcode::jge_k: case Opcode::jge_x: return *a >= *b;
    default: return (*a & *b) != 0;
  }
}

std::uint32_t merged(std::uint32_t newest, std::uint32_t older, MergeRule rule) noexcept {
  if (action_of(newest) == action::allow) return older;
  return rule == MergeRule::most_restrictive && is_stricter(older, newest) ? older : newest;
}

}  // namespace

std::optional<std::uint32_t> constant_result(const Program& program, std::uint32_t nr, std::uint32_t arch) noexcept {
  Value a = 0;
  Value x = 0;
  Value scratch[scratch_slots];
  const Insn* pc = program.instructions().data();
  for (;;) {
    const Insn& insn = *pc++;
    const Opcode op = bpf::opcode_of(insn);
    switch (op) {
      case Opcode::ld_imm: a = insn.k; continue;
      case Opcode::ld_abs:
        a = std::nullopt;
        if (insn.k == offsetof(SeccompData, nr)) a = nr;
        if (insn.k == offsetof(SeccompData, arch)) a = arch;
        continue;
      case Opcode::ld_len: a = sizeof(SeccompData); continue;
      case Opcode::ld_mem: a = scratch[insn.k]; continue;
      case Opcode::ldx_imm: x = insn.k; continue;
      case Opcode::ldx_len: x = sizeof(SeccompData); continue;
      case Opcode::ldx_mem: x = scratch[insn.k]; continue;
      case Opcode::st: scratch[insn.k] = a; continue;
      case Opcode::stx: scratch[insn.k] = x; continue;
      case Opcode::tax: x = a; continue;
      case Opcode::txa: a = x; continue;
      case Opcode::neg: a = compute(Opcode::sub_k, 0, a); continue;
      case Opcode::ja: pc += insn.k; continue;
      case Opcode::ret_k: return insn.k;
      case Opcode::ret_a: return a;
      case Opcode::div_x:
        if (!x) return std::nullopt;
        if (*x == 0) return action::kill_thread;
        break;
      default: break;
    }
    const Form form = bpf::find_opcode(insn.code)->form;
    const Value operand = form == Form::x || form == Form::branch_x ? x : Value(insn.k);
    if (!bpf::is_branch(form)) {
      a = compute(op, a, operand);
      continue;
    }
    const auto taken = decide(op, a, operand);
    if (!taken) return std::nullopt;
    pc += *taken ? insn.jt : insn.jf;
  }
}

void allow_all(ActionTable table) noexcept { std::fill(table.begin(), table.end(), action::allow); }

void put_on_top(ActionTable table, const Program& newest, MergeRule rule) noexcept {
  for (std::uint32_t i = 0; i < action_table_entries; ++i) {
    const std::uint32_t domain = i / domain_size;
    const std::uint32_t nr = i % domain_size + (domain == 1 ? arch::x32_bit : 0);
    const auto result = constant_result(newest, nr, domain == 2 ? arch::x86_32 : arch::x86_64);
    const bool known = result && (table[i] != residual_marker ||
                                  (rule == MergeRule::first_non_allow && action_of(*result) != action::allow));
    table[i] = known ? merged(*result, table[i], rule) : residual_marker;
  }
}

}  // namespace callgate::detail
