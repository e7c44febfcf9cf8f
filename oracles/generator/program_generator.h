// Random filters. Seeded: the same seed gives the same programs everywhere.
#pragma once

#include <cstdint>
#include <vector>

#include "callgate/insn.hpp"
#include "oracles/generator/mutations.h"
#include "oracles/generator/random.h"

namespace callgate::oracles {

class ProgramGenerator {
 public:
  explicit ProgramGenerator(std::uint64_t seed) : random_(seed) {}

  // A filter of 1 .. max_length instructions that verifier::check() accepts: short ones mostly, all lengths sometimes,
  // the longest now and then.
  std::vector<Insn> valid(std::uint32_t max_length);

  // A filter of `length` instructions, 1 .. max_program_length, in `program`, whose memory is used again.
  void write(std::uint32_t length, std::vector<Insn>& program);

  // Filters for one chain, oldest first: they ask about the same words and constants, and some repeat an older one,
  // whole or with one constant changed. At most `max_filters`, each of at most `max_length` instructions;
  // `fixed_length` makes every one of max_length. The memory of `filters` is used again.
  void write_chain(std::uint32_t max_filters, std::uint32_t max_length, bool fixed_length,
                   std::vector<std::vector<Insn>>& filters);

  // See mutations.h.
  std::vector<Insn> mutated(const std::vector<Insn>& program) { return oracles::mutated(random_, program); }
  std::vector<Insn> random_bytes(std::uint32_t max_length) { return noise(random_, max_length); }

  std::uint64_t next() { return random_.next(); }

  // The distribution of valid(): 1 .. max_length.
  std::uint32_t pick_length(std::uint32_t max_length);

 private:
  Random random_;
};

}  // namespace callgate::oracles
