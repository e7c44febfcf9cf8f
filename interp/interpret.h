// The reference interpreter: one plain switch, written to be obviously right. It is the oracle that every other
// engine is compared with, and the fallback when there is no executable memory; it shares no code with ir/ or jit/.
//
// The meaning of each instruction is that of bpf_convert_filter() and ___bpf_prog_run() in Linux: 32-bit unsigned,
// wrapping; A and X are 0 at the start. docs/semantics.md has the whole of it.
#pragma once

#include "bpf/dialect.h"
#include "bpf/opcode.h"
#include "interp/run.h"

namespace callgate::interp {

template <bpf::Dialect D>
std::uint32_t run(const Insn* program, const typename D::Input& input) noexcept {
  using bpf::Opcode;

  std::uint32_t a = D::initial_a;
  std::uint32_t x = D::initial_x;
  std::uint32_t scratch[scratch_slots] = {};

  // A Program ends in a return and jumps only forward and inside itself, so this loop ends.
  const Insn* pc = program;
  for (;;) {
    const Insn insn = *pc++;
    const auto branch = [&](bool taken) { pc += taken ? insn.jt : insn.jf; };
    switch (bpf::opcode_of(insn)) {
      case Opcode::ld_imm: a = insn.k; break;
      case Opcode::ld_abs:
        if (!D::load(input, insn.k, a)) return D::early_end;
        break;
      case Opcode::ld_len: a = D::length(input); break;
      case Opcode::ld_mem: a = scratch[insn.k]; break;
      case Opcode::ldx_imm: x = insn.k; break;
      case Opcode::ldx_len: x = D::length(input); break;
      case Opcode::ldx_mem: x = scratch[insn.k]; break;
      case Opcode::st: scratch[insn.k] = a; break;
      case Opcode::stx: scratch[insn.k] = x; break;
      case Opcode::tax: x = a; break;
      case Opcode::txa: a = x; break;

      case Opcode::add_k: a += insn.k; break;
      case Opcode::add_x: a += x; break;
      case Opcode::sub_k: a -= insn.k; break;
      case Opcode::sub_x: a -= x; break;
      case Opcode::mul_k: a *= insn.k; break;
      case Opcode::mul_x: a *= x; break;
      case Opcode::div_k: a /= insn.k; break;
      case Opcode::div_x:
        if (x == 0) return D::early_end;
        a /= x;
        break;
      case Opcode::or_k: a |= insn.k; break;
      case Opcode::or_x: a |= x; break;
      case Opcode::and_k: a &= insn.k; break;
      case Opcode::and_x: a &= x; break;
      case Opcode::xor_k: a ^= insn.k; break;
      case Opcode::xor_x: a ^= x; break;
      case Opcode::lsh_k: a <<= insn.k; break;
      case Opcode::lsh_x: a <<= x & 31; break;
      case Opcode::rsh_k: a >>= insn.k; break;
      case Opcode::rsh_x: a >>= x & 31; break;
      case Opcode::neg: a = 0 - a; break;

      case Opcode::ja: pc += insn.k; break;
      case Opcode::jeq_k: branch(a == insn.k); break;
      case Opcode::jeq_x: branch(a == x); break;
      case Opcode::jgt_k: branch(a > insn.k); break;
      case Opcode::jgt_x: branch(a > x); break;
      case Opcode::jge_k: branch(a >= insn.k); break;
      case Opcode::jge_x: branch(a >= x); break;
      case Opcode::jset_k: branch((a & insn.k) != 0); break;
      case Opcode::jset_x: branch((a & x) != 0); break;

      case Opcode::ret_k: return insn.k;
      case Opcode::ret_a: return a;
    }
  }
}

}  // namespace callgate::interp
