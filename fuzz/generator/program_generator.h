// Random filters. Seeded: the same seed gives the same programs everywhere.
#pragma once

#include <cstdint>
#include <vector>

#include "callgate/insn.hpp"
#include "fuzz/generator/mutations.h"
#include "fuzz/generator/random.h"

namespace callgate::fuzz {

class ProgramGenerator {
 public:
  explicit ProgramGenerator(std::uint64_t seed) : random_(seed) {}

  // A filter of 1 .. max_length instructions that verifier::check() accepts. Made of snippets that break code
  // generators (see snippets.h), with weights drawn anew for each program, so that programs differ in character and
  // not only in detail.
  std::vector<Insn> valid(std::uint32_t max_length);

  // See mutations.h.
  std::vector<Insn> mutated(const std::vector<Insn>& program) { return fuzz::mutated(random_, program); }
  std::vector<Insn> random_bytes(std::uint32_t max_length) { return noise(random_, max_length); }

  std::uint64_t next() { return random_.next(); }

 private:
  Random random_;
};

}  // namespace callgate::fuzz
