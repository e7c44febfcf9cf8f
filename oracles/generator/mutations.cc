#include "oracles/generator/mutations.h"

#include <algorithm>

#include "bpf/opcode.h"
#include "oracles/generator/constants.h"
#include "oracles/generator/draft.h"

namespace callgate::oracles {
namespace {

using bpf::Opcode;

std::uint16_t other_code(Random& random, std::uint16_t code) {
  switch (random.below(4)) {
    case 0: return static_cast<std::uint16_t>(code ^ 1u << random.below(16));
    case 1: return random.pick(refused_codes);
    default: return static_cast<std::uint16_t>(bpf::opcode_table[random.below(std::size(bpf::opcode_table))].opcode);
  }
}

// Around the limits of the verifier: slots, shifts, offsets, and `behind`, the first distance that leaves.
std::uint32_t other_k(Random& random, std::uint32_t behind) {
  const std::uint32_t limits[] = {0, 15, 16, 31, 32, 60, 61, 64, behind - 1, behind, behind + 1};
  return random.chance(60) ? random.pick(limits) : edge_constant(random);
}

std::uint8_t other_distance(Random& random, std::uint32_t behind) {
  const std::uint32_t limits[] = {0, 1, 255, behind - 1, behind, behind + 1, random.below(256)};
  return static_cast<std::uint8_t>(random.pick(limits));
}

void break_one(Random& random, std::vector<Insn>& program) {
  const std::uint32_t size = static_cast<std::uint32_t>(program.size());
  const std::uint32_t pc = random.chance(25) ? size - 1 : random.below(size);
  const std::uint32_t behind = size - pc - 1;
  Insn& in = program[pc];
  switch (random.below(8)) {
    case 0: in.code = other_code(random, in.code); break;
    case 1: in.jt = other_distance(random, behind); break;
    case 2: in.jf = other_distance(random, behind); break;
    case 3:
    case 4: in.k = other_k(random, behind); break;
    case 5: std::swap(in, program[random.below(size)]); break;
    case 6: in = insn({random.chance(50) ? Opcode::ld_mem : Opcode::st, random.below(scratch_slots + 1)}); break;
    case 7:
      if (size > 1) program.erase(program.begin() + static_cast<std::ptrdiff_t>(pc));
      break;
  }
}

}  // namespace

std::vector<Insn> mutated(Random& random, const std::vector<Insn>& program) {
  std::vector<Insn> broken = program;
  for (std::uint32_t left = random.between(1, 3); left > 0; --left) break_one(random, broken);
  return broken;
}

std::vector<Insn> noise(Random& random, std::uint32_t max_length) {
  const bool known_codes = random.chance(70);
  std::vector<Insn> program(random.between(1, std::min<std::uint32_t>(max_length, known_codes ? 6 : 12)));
  for (Insn& in : program) {
    const std::uint64_t bits = random.next();
    in.code = static_cast<std::uint16_t>(bits);
    in.jt = static_cast<std::uint8_t>(bits >> 16);
    in.jf = static_cast<std::uint8_t>(bits >> 24);
    in.k = static_cast<std::uint32_t>(bits >> 32);
    if (!known_codes) continue;
    in.code = static_cast<std::uint16_t>(bpf::opcode_table[random.below(std::size(bpf::opcode_table))].opcode);
    in.jt = static_cast<std::uint8_t>(in.jt >> random.below(9));
    in.jf = static_cast<std::uint8_t>(in.jf >> random.below(9));
    in.k >>= random.below(32);
  }
  if (known_codes && random.chance(60)) program.back().code = static_cast<std::uint16_t>(Opcode::ret_k);
  return program;
}

}  // namespace callgate::oracles
