// What the choices of a residual look at.
#pragma once

#include <cstdint>
#include <optional>

#include "callgate/chain.hpp"
#include "jit/switch.h"

namespace callgate::detail {

// Bits of a 64-bit word of seccomp_data, and how far they lie from bit 0.
struct Subject {
  std::uint32_t offset;  // of the 64-bit word in seccomp_data, in bytes
  std::uint64_t mask;
  unsigned shift;
};

// Where records find bits of a 64-bit word of seccomp_data: among the 64 bits at an offset of the input, `left` bits
// further left (32, 0 or -32). Records read 64 bits, also where an input has only 32 of a word: what lies beside them
// is another word of the same input.
//
//   input of a 32-bit process    ebx at 8, ecx at 12, edx at 16: the last word
//   argument 1, lower half       8 bytes at 12, as they are
//   argument 2, lower half       8 bytes at 12, 32 bits further left
struct Place {
  std::uint32_t offset;
  int left;
};

// The words of an input, as far as records may read it: from the first byte that some word has to behind the last.
class InputWords {
 public:
  explicit InputWords(const InputLayout& layout);

  bool halves_adjoin() const { return halves_adjoin_; }  // of every 64-bit word: then all are found as they are
  std::uint32_t end() const { return end_; }             // in bytes
  bool holds(std::uint32_t offset, std::uint32_t bytes) const { return offset >= begin_ && offset + bytes <= end_; }

  // Where the input has the 32-bit word at an offset of seccomp_data. Nothing if it is a constant of the layout.
  std::optional<std::uint32_t> offset_of(std::uint32_t offset) const;

  // Nothing if no 64 bits of the input hold all bits of the mask.
  std::optional<Place> place_of(std::uint32_t offset, std::uint64_t mask) const;

 private:
  const InputLayout& layout_;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
  bool halves_adjoin_;
};

// The choices of one graph. What it refers to must outlive the object.
struct Looks {
  const ir::Graph& graph;
  const jit::Switches& choices;
  const InputWords& input;

  // Of a choice by bits or ranges; nothing if it computes with what it looks at.
  std::optional<Subject> subject_of(const jit::Switch& choice) const;

  bool is_result(jit::SwitchId id) const { return choices[id].kind() == jit::SwitchKind::constant; }
};

}  // namespace callgate::detail
