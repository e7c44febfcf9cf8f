// seccomp as the compiler's neutral rooms know it: which words its input has, and how results follow each other.
#pragma once

#include <cstddef>
#include <cstdint>

#include "callgate/action.hpp"
#include "callgate/insn.hpp"
#include "callgate/options.hpp"
#include "ir/input_schema.h"
#include "ir/sequence.h"

namespace callgate::compose {

// struct seccomp_data: number and architecture decide the class; words 2 … 15 are the halves of 64-bit values.
inline constexpr ir::InputSchema seccomp_input{.bytes = sizeof(SeccompData), .class_words = 0x0003, .halves = 0xfffc};

inline constexpr std::uint32_t nr_offset = offsetof(SeccompData, nr);
inline constexpr std::uint32_t arch_offset = offsetof(SeccompData, arch);
inline constexpr std::uint16_t arch_words = 1u << arch_offset / 4;
inline constexpr std::uint16_t number_words = seccomp_input.class_words;
static_assert(number_words == (1u << nr_offset / 4 | arch_words));

constexpr ir::Sequence seccomp_sequence(MergeRule rule) {
  return {.action_mask = action_mask, .goes_on = action::allow, .merges_all = rule == MergeRule::most_restrictive};
}

}  // namespace callgate::compose
