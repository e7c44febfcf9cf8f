// Random filters, and system calls that reach into them. Seeded: the same seed gives the same programs everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "callgate/insn.hpp"
#include "tests/support/random.h"

namespace callgate::test {

class ProgramGenerator {
 public:
  explicit ProgramGenerator(std::uint64_t seed) : random_(seed) {}

  // A filter of 1 .. max_length instructions that verifier::check() accepts. Made of snippets that break code
  // generators (see program_generator.cc), with weights drawn anew for each program, so that programs differ in
  // character and not only in detail.
  std::vector<Insn> valid(std::uint32_t max_length);

  // `program` with one to three fields (or whole instructions) broken, often just past a rule of the verifier. The
  // outcome may be valid or not.
  std::vector<Insn> mutated(const std::vector<Insn>& program);

  // 1 .. max_length instructions of noise: random bytes, or accepted opcodes with random fields.
  std::vector<Insn> random_bytes(std::uint32_t max_length);

  std::uint64_t next() { return random_.next(); }

 private:
  Random random_;
};

// System calls for `program`: for each compared constant the word last loaded before the comparison takes the
// constant, its neighbours and its bit flips; halves of arguments are swapped; nr, arch and the x32 bit take odd
// values; the rest is drawn from the program's constants and from edge values. More than `count` such cases are
// sampled, not truncated.
std::vector<SeccompData> inputs_for(std::span<const Insn> program, std::uint64_t seed, std::size_t count);

// A constant where code generators change their mind: edges of imm8, imm16 and imm32, sign bits, single bits, masks,
// actions, architectures, small numbers; now and then any 32 bits.
std::uint32_t edge_constant(Random& random);

}  // namespace callgate::test
