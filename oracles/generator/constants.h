// Constants where code generators and verifiers change their mind.
#pragma once

#include <cstdint>

#include "callgate/action.hpp"
#include "callgate/insn.hpp"
#include "oracles/generator/random.h"

namespace callgate::oracles {

inline constexpr std::uint32_t actions[] = {action::kill_process, action::kill_thread, action::trap, action::errno_,
                                            action::user_notif,   action::trace,       action::log,  action::allow};

inline constexpr std::uint32_t architectures[] = {arch::x86_64, arch::x86_32, 0xc00000b7 /* aarch64 */};

// Edges of imm8, imm16 and imm32, sign bits, single bits, masks, actions, architectures, small numbers; now and then
// any 32 bits.
std::uint32_t edge_constant(Random& random);

}  // namespace callgate::oracles
