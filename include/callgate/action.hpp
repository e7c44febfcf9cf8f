// The 32-bit result of a filter: an action in the upper half, 16 bits of data in the lower.
#pragma once

#include <cstdint>

namespace callgate {

// SECCOMP_RET_* (linux/seccomp.h), strictest first in the kernel's order, which is signed.
namespace action {
inline constexpr std::uint32_t kill_process = 0x80000000;
inline constexpr std::uint32_t kill_thread = 0x00000000;
inline constexpr std::uint32_t trap = 0x00030000;
inline constexpr std::uint32_t errno_ = 0x00050000;
inline constexpr std::uint32_t user_notif = 0x7fc00000;
inline constexpr std::uint32_t trace = 0x7ff00000;
inline constexpr std::uint32_t log = 0x7ffc0000;
inline constexpr std::uint32_t allow = 0x7fff0000;
}  // namespace action

// SECCOMP_RET_ACTION_FULL and SECCOMP_RET_DATA.
inline constexpr std::uint32_t action_mask = 0xffff0000;
inline constexpr std::uint32_t data_mask = 0x0000ffff;

constexpr std::uint32_t action_of(std::uint32_t result) noexcept { return result & action_mask; }
constexpr std::uint32_t data_of(std::uint32_t result) noexcept { return result & data_mask; }

// Whether `result` replaces `current` when the kernel merges a chain: seccomp_run_filters() in kernel/seccomp.c
// compares the actions as signed numbers, and a tie keeps the newer filter's result.
constexpr bool is_stricter(std::uint32_t result, std::uint32_t current) noexcept {
  return static_cast<std::int32_t>(action_of(result)) < static_cast<std::int32_t>(action_of(current));
}

}  // namespace callgate
