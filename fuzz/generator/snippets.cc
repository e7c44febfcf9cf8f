#include "fuzz/generator/snippets.h"

#include "fuzz/generator/constants.h"

namespace callgate::fuzz {
namespace {

using bpf::Opcode;

constexpr Opcode alu_k[] = {Opcode::add_k, Opcode::sub_k, Opcode::mul_k, Opcode::div_k, Opcode::or_k,
                            Opcode::and_k, Opcode::xor_k, Opcode::lsh_k, Opcode::rsh_k};
constexpr Opcode alu_x[] = {Opcode::add_x, Opcode::sub_x, Opcode::mul_x, Opcode::or_x,
                            Opcode::and_x, Opcode::xor_x, Opcode::lsh_x, Opcode::rsh_x};
constexpr Opcode branches_k[] = {Opcode::jeq_k, Opcode::jgt_k, Opcode::jge_k, Opcode::jset_k};
constexpr Opcode branches_x[] = {Opcode::jeq_x, Opcode::jgt_x, Opcode::jge_x, Opcode::jset_x};

// --- Straight code

void load(Writer& w) { w.add({Opcode::ld_abs, w.word()}); }

void shift_constant(Writer& w, Opcode op) {
  constexpr std::uint32_t usual[] = {0, 1, 8, 16, 31};
  w.add({op, w.random.chance(50) ? w.random.pick(usual) : w.random.below(32)});
}

void alu_constant(Writer& w) {
  const Opcode op = w.random.pick(alu_k);
  if (op == Opcode::lsh_k || op == Opcode::rsh_k) return shift_constant(w, op);
  const std::uint32_t k = w.constant();
  w.add({op, op == Opcode::div_k && k == 0 ? 1 : k});
}

void alu_register(Writer& w) {
  if (w.random.chance(40)) w.add({Opcode::ldx_imm, w.constant()});
  w.add({w.random.pick(alu_x)});
}

void shift_register(Writer& w) {
  constexpr std::uint32_t usual[] = {0, 1, 31, 32, 33, 63, 0xffffffff};
  w.add({Opcode::ldx_imm, w.random.chance(70) ? w.random.pick(usual) : w.constant()});
  w.add({w.random.chance(50) ? Opcode::lsh_x : Opcode::rsh_x});
}

// Division by X: unguarded, by a constant, by a word of the input, or behind a test for zero.
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

// --- Scratch memory

void scratch(Writer& w) {
  constexpr Opcode ops[] = {Opcode::st, Opcode::stx, Opcode::ld_mem, Opcode::ldx_mem};
  w.add({w.random.pick(ops), w.slot()});
}

// Folds every slot into A, so that all of them are live up to here.
void fold_all(Writer& w) {
  for (std::uint32_t i = 0; i < scratch_slots; ++i) {
    w.add({Opcode::ldx_mem, i});
    w.add({w.random.chance(50) ? Opcode::xor_x : Opcode::add_x});
  }
}

// --- Jumps

void branch_constant(Writer& w) { w.add({w.random.pick(branches_k), w.comparand(), w.distance(), w.distance()}); }
void branch_register(Writer& w) { w.add({w.random.pick(branches_x), 0, w.distance(), w.distance()}); }
void test_bits(Writer& w) { w.add({Opcode::jset_k, w.one_or_many_bits(), w.distance(), w.distance()}); }
void jump(Writer& w) { w.add({Opcode::ja, w.random.chance(90) ? w.random.below(4) : w.random.below(w.room())}); }

// Two arms that leave different A, X and slots behind and meet again.
void diamond(Writer& w) {
  const std::uint32_t s = w.slot();
  w.add({w.random.chance(60) ? Opcode::jgt_k : Opcode::jset_x, w.comparand(), 0, 3});
  w.add({Opcode::ld_imm, w.constant()});
  w.add({Opcode::st, s});
  w.add({Opcode::ja, 2});
  w.add({w.random.chance(50) ? Opcode::tax : Opcode::ldx_imm, w.constant()});
  w.add({Opcode::stx, s});
  if (w.random.chance(70)) w.add({w.random.chance(50) ? Opcode::ld_mem : Opcode::ldx_mem, s});
}

std::uint32_t far_or(Writer& w, std::uint32_t near) { return w.random.chance(50) ? 255 : near; }
void far_jump(Writer& w) { w.add({w.random.pick(branches_k), w.comparand(), far_or(w, 0), far_or(w, 1)}); }

// Instructions that no path reaches.
void dead_code(Writer& w) {
  const std::uint32_t skipped = w.random.between(1, 5);
  w.add({Opcode::ja, skipped});
  for (std::uint32_t i = 0; i < skipped; ++i) {
    constexpr Snippet fillers[] = {load, alu_constant, scratch, leave};
    w.random.pick(fillers)(w);
  }
}

constexpr Snippet snippets[] = {load,      alu_constant, alu_register, shift_register,  divide,          unary,
                                immediate, scratch,      fold_all,     branch_constant, branch_register, test_bits,
                                jump,      diamond,      far_jump,     dead_code,       store_all};

}  // namespace

std::span<const Snippet> code_snippets() { return snippets; }

void leave(Writer& w) {
  if (w.random.chance(20)) return w.add({Opcode::ret_a});
  w.add({Opcode::ret_k, w.result()});
}

void store_all(Writer& w) {
  for (std::uint32_t i = 0; i < scratch_slots; ++i) {
    if (w.random.chance(60)) w.add({Opcode::ld_abs, 4 * i});
    w.add({w.random.chance(80) ? Opcode::st : Opcode::stx, i});
  }
}

}  // namespace callgate::fuzz
