// The 32-bit result of a filter: an action in the upper half, 16 bits of data in the lower.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "callgate/export.hpp"

namespace CALLGATE_API callgate {

// SECCOMP_RET_* (linux/seccomp.h), strictest first in the kernel's order, which is signed.
namespace action {
inline constexpr std::uint32_t kill_process = 0x80000000;  // SIGSYS, which cannot be caught
inline constexpr std::uint32_t kill_thread = 0x00000000;   // the same for the thread alone
inline constexpr std::uint32_t trap = 0x00030000;          // SIGSYS for the thread, with the data in si_errno
inline constexpr std::uint32_t errno_ = 0x00050000;        // the call fails with the data as errno
inline constexpr std::uint32_t user_notif = 0x7fc00000;    // a listener decides
inline constexpr std::uint32_t trace = 0x7ff00000;         // a tracer decides
inline constexpr std::uint32_t log = 0x7ffc0000;           // allowed, and logged
inline constexpr std::uint32_t allow = 0x7fff0000;         // allowed
}  // namespace action

// SECCOMP_RET_ACTION_FULL and SECCOMP_RET_DATA.
inline constexpr std::uint32_t action_mask = 0xffff0000;
inline constexpr std::uint32_t data_mask = 0x0000ffff;

// The two halves of a result.
constexpr std::uint32_t action_of(std::uint32_t result) noexcept { return result & action_mask; }
constexpr std::uint32_t data_of(std::uint32_t result) noexcept { return result & data_mask; }

// Whether `result` replaces `current` when the kernel merges a chain: seccomp_run_filters() in kernel/seccomp.c
// compares the actions as signed numbers, and a tie keeps the newer filter's result.
constexpr bool is_stricter(std::uint32_t result, std::uint32_t current) noexcept {
  return static_cast<std::int32_t>(action_of(result)) < static_cast<std::int32_t>(action_of(current));
}

// The place of a result's action in the kernel's order: of two results the one with the smaller precedence wins.
constexpr std::int32_t precedence(std::uint32_t result) noexcept {
  return static_cast<std::int32_t>(action_of(result));
}

// Whether the kernel knows the action: SECCOMP_GET_ACTION_AVAIL.
constexpr bool is_known_action(std::uint32_t result) noexcept {
  for (const std::uint32_t known : {action::kill_process, action::kill_thread, action::trap, action::errno_,
                                    action::user_notif, action::trace, action::log, action::allow}) {
    if (action_of(result) == known) return true;
  }
  return false;
}

// The largest errno value that the kernel returns (MAX_ERRNO in linux/err.h).
inline constexpr std::uint32_t max_errno = 4095;

// What the kernel does with the result of a chain, by __seccomp_filter() in kernel/seccomp.c: an action that it does
// not know kills the process, and the data of ERRNO is at most max_errno. All else stays.
constexpr std::uint32_t effective(std::uint32_t result) noexcept {
  if (!is_known_action(result)) return action::kill_process;
  const bool is_capped = action_of(result) == action::errno_ && data_of(result) > max_errno;
  return is_capped ? action::errno_ | max_errno : result;
}

// The action of a result: "KILL_PROCESS", "KILL_THREAD", "TRAP", "ERRNO", "USER_NOTIF", "TRACE", "LOG" or "ALLOW";
// "UNKNOWN" for what no kernel knows (it kills the process). A string literal, never null. Async-signal-safe,
// thread-safe.
const char* action_name(std::uint32_t result) noexcept;

// The name of an errno value of x86 Linux (asm-generic/errno.h), such as "ENOSYS" for 38; null if it has none. A string
// literal. Async-signal-safe, thread-safe.
const char* errno_name(std::uint32_t number) noexcept;

// Writes the result in words into out[0 .. capacity), always terminated when capacity > 0, cut when too long:
// "ERRNO(38) ENOSYS", "TRACE(5)", "ALLOW", "UNKNOWN(0x90000000)". ERRNO always shows its data, other actions when they
// are not 0. Returns its length in bytes without the terminator; 48 bytes hold every result. Async-signal-safe,
// thread-safe.
std::size_t describe_result(std::uint32_t result, char* out, std::size_t capacity) noexcept;

// The same as a string. May throw std::bad_alloc.
inline std::string result_to_string(std::uint32_t result) {
  char text[48];
  return {text, describe_result(result, text, sizeof text)};
}

}  // namespace callgate
