// seccomp as the compiler's neutral rooms know it: which words its input has, and how results follow each other.
#pragma once

#include "callgate/action.hpp"
#include "callgate/insn.hpp"
#include "callgate/options.hpp"
#include "ir/input_schema.h"
#include "ir/sequence.h"

namespace callgate::compose {

// struct seccomp_data: number and architecture decide the class; words 2 … 15 are the halves of 64-bit values.
inline constexpr ir::InputSchema seccomp_input{.bytes = sizeof(SeccompData), .class_words = 0x0003, .halves = 0xfffc};

constexpr ir::Sequence seccomp_sequence(MergeRule rule) {
  return {.action_mask = 0xffff0000, .goes_on = action::allow, .merges_all = rule == MergeRule::most_restrictive};
}

}  // namespace callgate::compose
