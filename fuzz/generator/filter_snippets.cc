#include "fuzz/generator/constants.h"
#include "fuzz/generator/snippets.h"

namespace callgate::fuzz {
namespace {

using bpf::Opcode;

// A ladder of equalities on the number, all with one target behind it.
void ladder(Writer& w) {
  const std::uint32_t rungs = w.random.between(2, 12);
  w.add({Opcode::ld_abs, offset_nr});
  std::uint32_t number = w.random.below(400);
  for (std::uint32_t left = rungs; left > 0; --left) {
    w.add({Opcode::jeq_k, number, left, 0});
    number += w.random.between(1, 9);
  }
  w.add({Opcode::ja, 1});
  leave(w);
}

// A binary tree of two levels on the number.
void tree(Writer& w) {
  const std::uint32_t middle = w.random.below(450);
  w.add({Opcode::ld_abs, offset_nr});
  w.add({Opcode::jge_k, middle, 2, 0});
  w.add({Opcode::jeq_k, w.random.below(middle + 1), 2, 3});
  leave(w);
  w.add({Opcode::jgt_k, middle + w.random.below(20), 0, 1});
  leave(w);
}

void masked_argument(Writer& w) {
  const std::uint32_t mask = w.constant();
  w.add({Opcode::ld_abs, w.random.chance(80) ? low_half(w.argument()) : high_half(w.argument())});
  w.add({Opcode::and_k, mask});
  w.add({Opcode::jeq_k, w.random.chance(70) ? w.constant() & mask : w.constant(), w.distance(), w.distance()});
}

// A 64-bit argument compared in halves: equal, greater, or greater or equal; the way libseccomp does it.
void wide_compare(Writer& w) {
  const std::uint32_t arg = w.argument();
  const std::uint32_t high = w.random.chance(60) ? 0 : w.constant();
  const bool ordered = w.random.chance(60);
  w.add({Opcode::ld_abs, high_half(arg)});
  if (ordered) w.add({Opcode::jgt_k, high, 3, 0});
  w.add({Opcode::jeq_k, high, 0, 3});
  w.add({Opcode::ld_abs, low_half(arg)});
  w.add({!ordered ? Opcode::jeq_k : w.random.chance(50) ? Opcode::jgt_k : Opcode::jge_k, w.constant(), 0, 1});
  leave(w);
}

void x32_guard(Writer& w) {
  w.add({Opcode::ld_abs, offset_arch});
  w.add({Opcode::jeq_k, w.random.pick(architectures), 0, w.random.below(8)});
  w.add({Opcode::ld_abs, offset_nr});
  w.add({w.random.chance(80) ? Opcode::jge_k : Opcode::jset_k, arch::x32_bit, 0, 1});
  leave(w);
}

void guarded_return(Writer& w) {
  constexpr Opcode branches[] = {Opcode::jeq_k, Opcode::jgt_k, Opcode::jge_k, Opcode::jset_k};
  w.add({w.random.pick(branches), w.comparand(), w.random.below(2), w.random.below(2)});
  leave(w);
}

constexpr Snippet snippets[] = {ladder, tree, masked_argument, wide_compare, x32_guard, guarded_return};

}  // namespace

std::span<const Snippet> filter_snippets() { return snippets; }

}  // namespace callgate::fuzz
