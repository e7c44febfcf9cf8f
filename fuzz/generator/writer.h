// Writes one program of a fixed length, snippet by snippet.
#pragma once

#include <cstdint>
#include <vector>

#include "callgate/insn.hpp"
#include "fuzz/generator/draft.h"
#include "fuzz/generator/random.h"

namespace callgate::fuzz {

// Whatever is added, the outcome is valid: every jump is cut to land inside, and a load of a slot that the verifier does
// not see written becomes a constant.
class Writer {
 public:
  Writer(Random& source, std::uint32_t length) : random(source), length_(length) { program_.reserve(length); }

  bool full() const { return program_.size() >= length_; }
  std::uint32_t room() const { return length_ - static_cast<std::uint32_t>(program_.size()); }

  // Added unless the program is full.
  void add(const Draft& draft) {
    if (!full()) program_.push_back(insn(draft));
  }

  // The program, once it is full.
  std::vector<Insn> finish();

  // --- Random parts

  std::uint32_t constant();
  std::uint32_t comparand();  // often a system call number
  std::uint32_t one_or_many_bits();
  std::uint32_t result();  // of a RET K: some action, with or without data
  std::uint32_t slot() { return random.below(scratch_slots); }
  std::uint32_t argument() { return random.below(6); }
  std::uint32_t word() { return random.chance(30) ? offset_nr : 4 * random.below(16); }  // offset of a load, in bytes
  std::uint32_t distance();  // of a branch: mostly near; sometimes as far as 8 bits, or the program, reach

  Random& random;

 private:
  void cut_jumps();
  void repair_scratch();

  const std::uint32_t length_;
  std::vector<Insn> program_;
};

}  // namespace callgate::fuzz
