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

// The choices of one graph. What it refers to must outlive the object. `layout` has both halves of every argument side
// by side.
struct Looks {
  const ir::Graph& graph;
  const jit::Switches& choices;
  const InputLayout& layout;

  // Of a choice by bits or ranges; nothing if it computes with what it looks at.
  std::optional<Subject> subject_of(const jit::Switch& choice) const;

  bool is_result(jit::SwitchId id) const { return choices[id].kind() == jit::SwitchKind::constant; }

  // Where the input has the 64-bit word of seccomp_data.
  std::uint32_t offset_in_input(std::uint32_t offset) const {
    return layout.single_fetch ? offset : layout.words[offset / 4].value;
  }
};

}  // namespace callgate::detail
