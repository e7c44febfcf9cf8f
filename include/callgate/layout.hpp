// Input layouts: where the words of a system call lie in memory, so that a caller need not copy registers into a
// SeccompData.
#pragma once

#include <csignal>

#include <array>
#include <cstdint>
#include <optional>

#include "callgate/export.hpp"
#include "callgate/insn.hpp"

namespace CALLGATE_API callgate {

// The place of one 32-bit word of struct seccomp_data in the caller's frame.
struct InputWord {
  bool is_constant = false;  // whether the word is the same in all frames
  // The constant; or the offset from the start of the frame, in bytes: a multiple of 4, at most max_frame_offset.
  std::uint32_t value = 0;

  // Field by field.
  friend constexpr bool operator==(const InputWord&, const InputWord&) = default;
};

inline constexpr std::uint32_t max_frame_offset = 4092;  // bytes

// The frame of InputLayout::split().
struct SplitCall {
  std::uint32_t nr;       // number
  std::uint32_t low[6];   // lower halves of the arguments
  std::uint32_t high[6];  // upper halves
};

// The frame of InputLayout::pushed_registers().
struct PushedRegisters {
  std::uint64_t rax;             // number
  std::uint64_t rdi;             // arguments 0 to 5
  std::uint64_t rsi;             // the next one
  std::uint64_t rdx;             // the next one
  std::uint64_t r10;             // the next one
  std::uint64_t r8;              // the next one
  std::uint64_t r9;              // the next one
  std::uint64_t return_address;  // of the call
};

// What kind of frame a layout is for: found by its words, whatever single_fetch is. A layout of one's own is `custom`.
enum class FrameKind : std::uint8_t {
  custom,
  seccomp_data,
  split,  // for any constant architecture
  ucontext_x86_64,
  ucontext_i386,
  user_regs_x86_64,
  seccomp_notif,
  ptrace_syscall_info,
  pushed_registers,
};

// The places of the 16 words of struct seccomp_data. Word 0 is the number and must not be a constant, word 1 the
// architecture, words 2 and 3 the instruction pointer, words 4 + 2 i and 5 + 2 i argument i; the low half comes first.
// Chain::create() checks the offsets and answers bad_layout. A plain value without ownership.
//
// A frame has to be readable from the first of its words to the last: a decision may load what lies beside a word that
// it needs.
//
// High halves may be the constant 0 only if the calls come from a 32-bit process. The architecture alone does not prove
// it: after int 0x80 in 64-bit code it is i386, and the registers have 64 bits.
struct InputLayout {
  std::array<InputWord, sizeof(SeccompData) / 4> words{};  // by index of the word

  // Whether others can write the frame during a call of evaluate_frame(), such as a process or thread that shares the
  // memory. Every word is then loaded once, before the decision.
  bool single_fetch = false;

  // Field by field.
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
  //
  // The registers do not tell by which gate the call came: the layout takes every call for one of x86_64 (or x32, by
  // its number). Code that can choose its instructions can say int 0x80: the kernel then takes the same registers for
  // an i386 call (4 is write there, stat here). Decide by call_of_sigsys() (callgate/sigsys.hpp), which knows; or by
  // this layout only after siginfo_t::si_arch was compared with arch::x86_64.
  static constexpr InputLayout ucontext_x86_64() noexcept {
    constexpr std::uint32_t gregs = 40;
    InputLayout layout = frame(gregs + 8 * 13, arch::x86_64);
    layout.instruction_pointer(gregs + 8 * 16);
    constexpr std::uint32_t registers[] = {8, 9, 12, 2, 0, 1};
    for (std::uint32_t i = 0; i < 6; ++i) layout.argument(i, gregs + 8 * registers[i]);
    return layout;
  }

  // ucontext_t of a SIGSYS handler in an i386 process (eax; ebx, ecx, edx, esi, edi, ebp): a 32-bit process. It takes
  // every call for one of i386; call_of_sigsys() (callgate/sigsys.hpp) asks siginfo_t.
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

  // struct user_regs_struct of an x86_64 tracee that makes x86_64 calls (PTRACE_GETREGS; number in orig_rax). The
  // registers do not tell whether the tracee came by int 0x80, as an i386 call; ptrace_syscall_info() does.
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

  // PushedRegisters: eight 64-bit words as an interposer's entry code pushes them (rax, rdi, rsi, rdx, r10, r8, r9,
  // return address). For code that stands in for the syscall instruction; int 0x80 needs another entry and layout.
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

  // The same layout for filters of big-endian machines (s390x, ppc64, mips64, …), which expect the high half of an
  // argument, and of the instruction pointer, where those of little-endian machines expect the low one: the halves
  // change places. The frame itself is one of this machine: an emulator that has the guest's registers as numbers of
  // its own fills it as for any other guest. Twice is the layout itself.
  constexpr InputLayout with_swapped_halves() const noexcept {
    InputLayout layout = *this;
    for (std::size_t word = 2; word < words.size(); ++word) layout.words[word] = words[word ^ 1];
    return layout;
  }

  // struct seccomp_data with swapped halves, for filters of big-endian machines.
  static constexpr InputLayout big_endian_seccomp_data() noexcept { return seccomp_data().with_swapped_halves(); }

  // Building blocks for other layouts. Offsets are in bytes. frame() sets number and architecture; all other words are
  // the constant 0 until argument() and instruction_pointer() set them.
  static constexpr InputLayout frame(std::uint32_t nr_offset, std::uint32_t arch) noexcept {
    InputLayout layout;
    for (InputWord& word : layout.words) word = {true, 0};
    layout.words[0] = {false, nr_offset};
    layout.words[1] = {true, arch};
    return layout;
  }

  // Places of an argument and of the instruction pointer, in bytes; the upper half lies behind the lower one.
  constexpr void argument(std::uint32_t index, std::uint32_t offset) noexcept { argument(index, offset, offset + 4); }
  constexpr void argument(std::uint32_t index, std::uint32_t low_offset, std::uint32_t high_offset) noexcept {
    words[4 + 2 * index] = {false, low_offset};
    words[5 + 2 * index] = {false, high_offset};
  }
  // The same for the instruction pointer.
  constexpr void instruction_pointer(std::uint32_t offset) noexcept {
    words[2] = {false, offset};
    words[3] = {false, offset + 4};
  }

  // The preset that the words make; `custom` for others.
  constexpr FrameKind kind() const noexcept {
    if (words == seccomp_data().words) return FrameKind::seccomp_data;
    if (words[1].is_constant && words == split(words[1].value).words) return FrameKind::split;
    if (words == ucontext_x86_64().words) return FrameKind::ucontext_x86_64;
    if (words == ucontext_i386().words) return FrameKind::ucontext_i386;
    if (words == user_regs_x86_64().words) return FrameKind::user_regs_x86_64;
    if (words == seccomp_notif().words) return FrameKind::seccomp_notif;
    if (words == ptrace_syscall_info().words) return FrameKind::ptrace_syscall_info;
    return words == pushed_registers().words ? FrameKind::pushed_registers : FrameKind::custom;
  }
};

}  // namespace callgate

// Frames of the system, for FrameOf; declared here, so that this header needs none of theirs.
struct seccomp_data;           // linux/seccomp.h
struct seccomp_notif;          // the same
struct ptrace_syscall_info;    // linux/ptrace.h
struct __ptrace_syscall_info;  // sys/ptrace.h
struct user_regs_struct;       // sys/user.h

namespace callgate {

// The kind of frame that a type is; `custom` for types that no preset is for.
template <class Frame>
inline constexpr FrameKind frame_kind = FrameKind::custom;
template <>
inline constexpr FrameKind frame_kind<SeccompData> = FrameKind::seccomp_data;
template <>
inline constexpr FrameKind frame_kind<::seccomp_data> = FrameKind::seccomp_data;
template <>
inline constexpr FrameKind frame_kind<SplitCall> = FrameKind::split;
template <>
inline constexpr FrameKind frame_kind<PushedRegisters> = FrameKind::pushed_registers;
template <>
inline constexpr FrameKind frame_kind<::seccomp_notif> = FrameKind::seccomp_notif;
template <>
inline constexpr FrameKind frame_kind<::ptrace_syscall_info> = FrameKind::ptrace_syscall_info;
template <>
inline constexpr FrameKind frame_kind<::__ptrace_syscall_info> = FrameKind::ptrace_syscall_info;
#if defined(__x86_64__)
template <>
inline constexpr FrameKind frame_kind<::ucontext_t> = FrameKind::ucontext_x86_64;
template <>
inline constexpr FrameKind frame_kind<::user_regs_struct> = FrameKind::user_regs_x86_64;
#elif defined(__i386__)
template <>
inline constexpr FrameKind frame_kind<::ucontext_t> = FrameKind::ucontext_i386;
#endif

// A type that a preset is for.
template <class Frame>
concept TypedFrame = frame_kind<Frame>
!= FrameKind::custom;

}  // namespace callgate
