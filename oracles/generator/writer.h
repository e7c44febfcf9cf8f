// Writes one program of a fixed length, snippet by snippet.
#pragma once

#include <cstdint>
#include <vector>

#include "callgate/insn.hpp"
#include "oracles/generator/draft.h"
#include "oracles/generator/random.h"
#include "oracles/generator/vocabulary.h"

namespace callgate::oracles {

// Where branches meet that are written before their target. Holds the first few; others keep what they were born with.
struct Label {
  struct Side {
    std::uint32_t pc;
    bool taken;
  };
  Side sides[8];
  std::uint32_t count = 0;
};

// Whatever is added, the outcome is valid: every jump is cut to land inside, and a load of a slot that the verifier
// does not see written reads another slot, or becomes a constant.
class Writer {
 public:
  // Appends to `program`, which must be empty, up to `length` instructions.
  Writer(Random& source, Vocabulary& vocabulary, std::vector<Insn>& program, std::uint32_t length)
      : random(source), vocabulary_(vocabulary), program_(program), length_(length) {}

  bool full() const { return program_.size() >= length_; }
  std::uint32_t length() const { return length_; }
  std::uint32_t room() const { return length_ - static_cast<std::uint32_t>(program_.size()); }

  // Added unless the program is full.
  void add(const Draft& draft) {
    if (!full()) program_.push_back(insn(draft));
  }

  // A branch whose sides go to labels; null for the next instruction.
  void branch(const Draft& test, Label* yes, Label* no);
  void jump(Label& target);  // JA
  void place(Label& label);  // here

  // Ends the program, once it is full, and makes it valid.
  void finish();

  // --- Random parts

  std::uint32_t constant() { return vocabulary_.constant(random); }
  std::uint32_t comparand() { return vocabulary_.comparand(random); }
  std::uint32_t word() { return vocabulary_.word(random); }
  std::uint32_t result() { return vocabulary_.result(random); }
  std::uint32_t one_or_many_bits() { return random.chance(50) ? 1u << random.below(32) : constant(); }
  std::uint32_t slot() { return random.below(scratch_slots); }
  std::uint32_t argument() { return random.below(6); }
  std::uint32_t distance();  // of a branch: mostly near; sometimes as far as 8 bits, or the program, reach

  Random& random;

 private:
  void end();
  void make_valid();

  Vocabulary& vocabulary_;
  std::vector<Insn>& program_;
  const std::uint32_t length_;
};

}  // namespace callgate::oracles
