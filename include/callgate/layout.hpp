// Input layouts: where the words of a system call lie in memory, so that a caller need not copy registers into a
// SeccompData.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "callgate/export.hpp"
#include "callgate/insn.hpp"

namespace CALLGATE_API callgate {

// The place of one 32-bit word of struct seccomp_data in the caller's frame.
struct InputWord {
  bool is_constant = false;
  // The constant; or the offset from the start of the frame, in bytes: a multiple of 4, at most max_frame_offset.
  std::uint32_t value = 0;

  friend constexpr bool operator==(const InputWord&, const InputWord&) = default;
};

inline constexpr std::uint32_t max_frame_offset = 4092;  // bytes

// The places of the 16 words of struct seccomp_data. Word 0 is the number and must not be a constant, word 1 the
// architecture, words 2 and 3 the instruction pointer, words 4 + 2 i and 5 + 2 i argument i; the low half comes first.
// Chain::create() checks the offsets and answers bad_layout. A plain value without ownership.
//
// High halves may be the constant 0 only if the calls come from a 32-bit process. The architecture alone does not prove
// it: after int 0x80 in 64-bit code it is i386, and the registers have 64 bits.
struct InputLayout {
  std::array<InputWord, sizeof(SeccompData) / 4> words{};

  // Whether others can write the frame during a call of evaluate_frame(), such as a process or thread that shares the
  // memory. Every word is then loaded once, before the decision.
  bool single_fetch = false;

  friend constexpr bool operator==(const InputLayout&, const InputLayout&) = default;

  // struct seccomp_data: the layout that evaluate(const SeccompData&) reads.
  static constexpr InputLayout seccomp_data() noexcept {
    InputLayout layout;
    for (std::uint32_t word = 0; word < layout.words.size(); ++word) layout.words[word] = {false, 4 * word};
    return layout;
  }

  // The layout proposed when seccomp filters were first discussed: number, six low halves, six high halves, 52 bytes.
  static constexpr InputLayout split(std::uint32_t arch) noexcept {
    InputLayout layout = frame(0, arch);
    for (std::uint32_t i = 0; i < 6; ++i) layout.argument(i, 4 + 4 * i, 28 + 4 * i);
    return layout;
  }

  // ucontext_t of a SIGSYS handler in an x86_64 process (number in rax, arguments in rdi, rsi, rdx, r10, r8, r9).
  static constexpr InputLayout ucontext_x86_64() noexcept {
    constexpr std::uint32_t gregs = 40;
    InputLayout layout = frame(gregs + 8 * 13, arch::x86_64);
    layout.instruction_pointer(gregs + 8 * 16);
    constexpr std::uint32_t registers[] = {8, 9, 12, 2, 0, 1};
    for (std::uint32_t i = 0; i < 6; ++i) layout.argument(i, gregs + 8 * registers[i]);
    return layout;
  }

  // ucontext_t of a SIGSYS handler in an i386 process (eax; ebx, ecx, edx, esi, edi, ebp): a 32-bit process.
  static constexpr InputLayout ucontext_i386() noexcept {
    constexpr std::uint32_t gregs = 20;
    InputLayout layout = frame(gregs + 4 * 11, arch::x86_32);
    layout.words[2] = {false, gregs + 4 * 14};
    layout.words[3] = {true, 0};
    constexpr std::uint32_t registers[] = {8, 10, 9, 5, 4, 6};
    for (std::uint32_t i = 0; i < 6; ++i) {
      layout.words[4 + 2 * i] = {false, gregs + 4 * registers[i]};
      layout.words[5 + 2 * i] = {true, 0};
    }
    return layout;
  }

  // struct user_regs_struct of an x86_64 tracee that makes x86_64 calls (PTRACE_GETREGS; number in orig_rax).
  static constexpr InputLayout user_regs_x86_64() noexcept {
    InputLayout layout = frame(120, arch::x86_64);
    layout.instruction_pointer(128);
    constexpr std::uint32_t offsets[] = {112, 104, 96, 56, 72, 64};
    for (std::uint32_t i = 0; i < 6; ++i) layout.argument(i, offsets[i]);
    return layout;
  }

  // struct seccomp_notif (linux/seccomp.h): seccomp_data at byte 16.
  static constexpr InputLayout seccomp_notif() noexcept {
    InputLayout layout = seccomp_data();
    for (InputWord& word : layout.words) word.value += 16;
    return layout;
  }

  // struct ptrace_syscall_info (linux/ptrace.h) of PTRACE_SYSCALL_INFO_ENTRY or _SECCOMP.
  static constexpr InputLayout ptrace_syscall_info() noexcept {
    InputLayout layout = frame(24, 0);
    layout.words[1] = {false, 4};
    layout.instruction_pointer(8);
    for (std::uint32_t i = 0; i < 6; ++i) layout.argument(i, 32 + 8 * i);
    return layout;
  }

  // Eight 64-bit words as an interposer's entry code pushes them: rax, rdi, rsi, rdx, r10, r8, r9, return address.
  static constexpr InputLayout pushed_registers() noexcept {
    InputLayout layout = frame(0, arch::x86_64);
    for (std::uint32_t i = 0; i < 6; ++i) layout.argument(i, 8 + 8 * i);
    layout.instruction_pointer(56);
    return layout;
  }

  // The same layout with single_fetch.
  constexpr InputLayout with_single_fetch() const noexcept {
    InputLayout layout = *this;
    layout.single_fetch = true;
    return layout;
  }

  // Building blocks for other layouts. Offsets are in bytes. frame() sets number and architecture; all other words are
  // the constant 0 until argument() and instruction_pointer() set them.
  static constexpr InputLayout frame(std::uint32_t nr_offset, std::uint32_t arch) noexcept {
    InputLayout layout;
    for (InputWord& word : layout.words) word = {true, 0};
    layout.words[0] = {false, nr_offset};
    layout.words[1] = {true, arch};
    return layout;
  }
  constexpr void argument(std::uint32_t index, std::uint32_t offset) noexcept { argument(index, offset, offset + 4); }
  constexpr void argument(std::uint32_t index, std::uint32_t low_offset, std::uint32_t high_offset) noexcept {
    words[4 + 2 * index] = {false, low_offset};
    words[5 + 2 * index] = {false, high_offset};
  }
  constexpr void instruction_pointer(std::uint32_t offset) noexcept {
    words[2] = {false, offset};
    words[3] = {false, offset + 4};
  }
};

}  // namespace callgate
