// Strict mode as a filter.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "callgate/action.hpp"
#include "callgate/insn.hpp"

namespace callgate::capi {

// The calls of strict mode: read, write, exit and rt_sigreturn (sigreturn of i386). Calls of x32 are not among them:
// the kernel compares their numbers with those of i386. Source: mode1_syscalls in kernel/seccomp.c, asm/seccomp.h.
struct StrictCalls {
  std::uint32_t arch;
  std::uint32_t numbers[4];
};
inline constexpr StrictCalls strict_calls[] = {
    {0xc000003e, {0, 1, 60, 15}},     // x86_64
    {0x40000003, {3, 4, 1, 119}},     // i386
    {0xc00000b7, {63, 64, 93, 139}},  // aarch64
    {0x40000028, {3, 4, 1, 173}},     // arm
    {0xc00000f3, {63, 64, 93, 139}},  // riscv64
};

inline constexpr std::size_t insns_per_arch = 7;
inline constexpr std::size_t strict_length = 3 + insns_per_arch * std::size(strict_calls);

// ld arch; for each architecture: unless it is this one, go on; ld nr; its numbers go to the last instruction;
// KILL_THREAD. Then KILL_THREAD for other architectures, and ALLOW.
constexpr std::array<Insn, strict_length> strict_program() noexcept {
  std::array<Insn, strict_length> program{};
  std::size_t pc = 0;
  program[pc++] = {0x20, 0, 0, 4};
  for (const StrictCalls& calls : strict_calls) {
    program[pc++] = {0x15, 0, insns_per_arch - 1, calls.arch};
    program[pc++] = {0x20, 0, 0, 0};
    for (const std::uint32_t number : calls.numbers) {
      program[pc] = {0x15, static_cast<std::uint8_t>(strict_length - 1 - pc - 1), 0, number};
      ++pc;
    }
    program[pc++] = {0x06, 0, 0, action::kill_thread};
  }
  program[pc++] = {0x06, 0, 0, action::kill_thread};
  program[pc] = {0x06, 0, 0, action::allow};
  return program;
}

}  // namespace callgate::capi
