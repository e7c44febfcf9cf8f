// The kernel compares actions as signed numbers (seccomp_run_filters() in kernel/seccomp.c); with the sign bit flipped
// the order is that of unsigned numbers, which is how tests of a graph compare.
#pragma once

#include <cstdint>

#include "callgate/action.hpp"
#include "compose/ir_names.h"

namespace callgate::compose {

inline constexpr std::uint32_t sign_bit = 0x80000000;
inline constexpr std::uint32_t strictest_precedence = 0;  // KILL_PROCESS

constexpr std::uint32_t precedence(std::uint32_t result) { return action_of(result) ^ sign_bit; }

}  // namespace callgate::compose
