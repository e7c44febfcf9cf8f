#include "oracles/generator/snippets.h"

namespace callgate::oracles {
namespace {

using bpf::Opcode;

constexpr Opcode alu_x[] = {Opcode::add_x, Opcode::sub_x, Opcode::mul_x, Opcode::or_x,
                            Opcode::and_x, Opcode::xor_x, Opcode::lsh_x, Opcode::rsh_x};

void shift_constant(Writer& w) {
  constexpr std::uint32_t usual[] = {0, 1, 8, 16, 31};
  const Opcode op = w.random.chance(50) ? Opcode::lsh_k : Opcode::rsh_k;
  w.add({op, w.random.chance(50) ? w.random.pick(usual) : w.random.below(32)});
}

void alu_register(Writer& w) {
  if (w.random.chance(40)) w.add({Opcode::ldx_imm, w.constant()});
  w.add({w.random.pick(alu_x)});
}

void shift_register(Writer& w) {
  constexpr std::uint32_t usual[] = {0, 1, 31, 32, 33, 63, 0xffffffff};
  if (w.random.chance(80)) w.add({Opcode::ldx_imm, w.random.chance(70) ? w.random.pick(usual) : w.constant()});
  w.add({w.random.chance(50) ? Opcode::lsh_x : Opcode::rsh_x});
}

// Division by X: by a constant, by a word of the input, behind a test for zero, or by a value that cannot be zero.
void divide(Writer& w) {
  const std::uint32_t kind = w.random.below(8);
  if (kind < 3) {
    w.add({Opcode::ldx_imm, w.random.chance(3) ? 0 : w.constant() | 1});
  } else if (kind == 3) {
    w.add({Opcode::ld_abs, w.word()});
    w.add({Opcode::tax});
    w.add({Opcode::ld_abs, w.word()});
  } else if (kind < 6) {
    w.add({Opcode::ldx_imm, 0});
    w.add({Opcode::jeq_x, 0, w.random.below(3), w.random.below(3)});
    w.add({Opcode::ldx_imm, w.constant() | 1});
  } else {
    w.add({Opcode::txa});
    w.add({Opcode::or_k, 1u << w.random.below(32)});
    w.add({Opcode::tax});
  }
  w.add({Opcode::div_x});
}

void unary(Writer& w) {
  constexpr Opcode ops[] = {Opcode::neg, Opcode::tax, Opcode::txa, Opcode::ld_len, Opcode::ldx_len};
  w.add({w.random.pick(ops)});
}

void immediate(Writer& w) { w.add({w.random.chance(50) ? Opcode::ld_imm : Opcode::ldx_imm, w.constant()}); }

// A word of the input in each of A and X.
void load_both(Writer& w) {
  w.add({Opcode::ld_abs, w.word()});
  w.add({Opcode::tax});
  w.add({Opcode::ld_abs, w.word()});
}

// There and back: what must cancel out, or must not.
void undo(Writer& w) {
  const std::uint32_t k = w.constant();
  const std::uint32_t shift = w.random.below(32);
  switch (w.random.below(4)) {
    case 0:
      w.add({Opcode::add_k, k});
      w.add({Opcode::sub_k, k});
      break;
    case 1:
      w.add({Opcode::lsh_k, shift});
      w.add({Opcode::rsh_k, shift});
      break;
    case 2:
      w.add({Opcode::rsh_k, shift});
      w.add({Opcode::lsh_k, shift});
      break;
    default:
      w.add({Opcode::xor_k, k});
      w.add({Opcode::xor_k, k});
      break;
  }
}

// A = one word of the input, op another.
void two_words(Writer& w) {
  load_both(w);
  w.add({w.random.pick(alu_x)});
}

// (a op (b op c)) op (d op e): values that a decider has to keep while it computes others.
void nested_expression(Writer& w) {
  const std::uint32_t s = w.slot();
  two_words(w);
  w.add({Opcode::st, s});
  two_words(w);
  w.add({Opcode::tax});
  w.add({Opcode::ld_abs, w.word()});
  w.add({w.random.pick(alu_x)});
  w.add({Opcode::ldx_mem, s});
  w.add({w.random.pick(alu_x)});
}

constexpr Snippet snippets[] = {load,    alu_constant, shift_constant,   alu_register, shift_register,
                                divide,  unary,        immediate,        load_both,    undo,
                                scratch, store_all,    nested_expression};

}  // namespace

std::span<const Snippet> straight_snippets() { return snippets; }

void load(Writer& w) { w.add({Opcode::ld_abs, w.word()}); }

void alu_constant(Writer& w) {
  constexpr Opcode ops[] = {Opcode::add_k, Opcode::sub_k, Opcode::mul_k, Opcode::div_k,
                            Opcode::or_k,  Opcode::and_k, Opcode::xor_k};
  const Opcode op = w.random.pick(ops);
  const std::uint32_t k = w.constant();
  w.add({op, op == Opcode::div_k && k == 0 ? 1 : k});
}

void scratch(Writer& w) {
  constexpr Opcode ops[] = {Opcode::st, Opcode::stx, Opcode::ld_mem, Opcode::ldx_mem};
  w.add({w.random.pick(ops), w.slot()});
}

void store_all(Writer& w) {
  for (std::uint32_t i = 0; i < scratch_slots; ++i) {
    if (w.random.chance(60)) w.add({Opcode::ld_abs, 4 * i});
    w.add({w.random.chance(80) ? Opcode::st : Opcode::stx, i});
  }
}

void fold_all(Writer& w) {
  for (std::uint32_t i = 0; i < scratch_slots; ++i) {
    w.add({Opcode::ldx_mem, i});
    w.add({w.random.chance(50) ? Opcode::xor_x : Opcode::add_x});
  }
}

}  // namespace callgate::oracles
