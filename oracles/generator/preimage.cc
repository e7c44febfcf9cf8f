#include "oracles/generator/preimage.h"

#include <bit>

#include "bpf/opcode.h"

namespace callgate::oracles {
namespace {

using bpf::Opcode;

// y with y * k == wanted if there is one: k's power of two is shifted out, and its odd part inverted by Newton's
// method, which doubles the right bits in each step, from three.
std::uint32_t undo_multiplication(std::uint32_t k, std::uint32_t wanted) {
  if (k == 0) return wanted;
  const int twos = std::countr_zero(k);
  const std::uint32_t odd = k >> twos;
  std::uint32_t inverse = odd;
  for (int step = 0; step < 4; ++step) inverse *= 2 - odd * inverse;
  return (wanted >> twos) * inverse;
}

std::uint32_t undo(const Insn& in, std::uint32_t wanted, Random& random) {
  switch (bpf::opcode_of(in)) {
    case Opcode::add_k: return wanted - in.k;
    case Opcode::sub_k: return wanted + in.k;
    case Opcode::xor_k: return wanted ^ in.k;
    case Opcode::neg: return 0 - wanted;
    case Opcode::and_k: return (wanted & in.k) | (random.word() & ~in.k);
    case Opcode::or_k: return (wanted & ~in.k) | (random.word() & in.k);
    case Opcode::mul_k: return undo_multiplication(in.k, wanted);
    case Opcode::div_k: return wanted * in.k;
    case Opcode::lsh_k: return wanted >> in.k;
    case Opcode::rsh_k: return wanted << in.k | (random.word() & ((1u << in.k) - 1));
    default: return wanted;
  }
}

}  // namespace

std::uint32_t preimage(const Insn* load, const Insn* end, std::uint32_t wanted, Random& random) {
  while (--end > load) wanted = undo(*end, wanted, random);
  return wanted;
}

}  // namespace callgate::oracles
