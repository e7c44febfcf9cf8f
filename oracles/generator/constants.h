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

// Opcodes that seccomp refuses: those of socket filters, forms that do not exist, and accepted ones with bits above
// the eighth.
inline constexpr std::uint16_t refused_codes[] = {0x08, 0x0d, 0x0e, 0x1e, 0x21, 0x28, 0x30,  0x40,   0x48,  0x50,
                                                  0x88, 0x8c, 0x94, 0x9c, 0xb1, 0xff, 0x106, 0x8006, 0xffff};

// Edges of imm8, imm16 and imm32, sign bits, single bits, masks, actions, architectures, small numbers; now and then
// any 32 bits.
std::uint32_t edge_constant(Random& random);

}  // namespace callgate::oracles
