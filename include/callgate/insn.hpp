// The instruction of a classic BPF filter and the system call that a filter looks at.
#pragma once

#include <cstddef>
#include <cstdint>

namespace callgate {

// One classic BPF instruction, with the layout of `struct sock_filter` (linux/filter.h): an array of Insn is
// what seccomp(2) takes, byte for byte.
struct Insn {
  std::uint16_t code;  // operation; compared whole (16 bits), as the kernel does
  std::uint8_t jt;     // instructions to skip when a conditional jump is taken
  std::uint8_t jf;     // instructions to skip when it is not
  std::uint32_t k;     // constant, load offset in bytes, scratch slot, or jump distance in instructions

  // Bit by bit.
  friend constexpr bool operator==(const Insn&, const Insn&) = default;
};
static_assert(sizeof(Insn) == 8 && offsetof(Insn, k) == 4);

// What a filter sees of a system call: `struct seccomp_data` (linux/seccomp.h), 64 bytes, native byte order.
struct SeccompData {
  std::uint32_t nr;                   // system call number; x32 numbers carry 0x40000000
  std::uint32_t arch;                 // AUDIT_ARCH_*, see callgate::arch
  std::uint64_t instruction_pointer;  // address after the system call instruction
  std::uint64_t args[6];              // a 32-bit process's arguments are zero-extended

  // Bit by bit.
  friend constexpr bool operator==(const SeccompData&, const SeccompData&) = default;
};
static_assert(sizeof(SeccompData) == 64 && offsetof(SeccompData, args) == 16);

// AUDIT_ARCH_* values (linux/audit.h) that x86 machines report in SeccompData::arch.
namespace arch {
inline constexpr std::uint32_t x86_64 = 0xc000003e;   // x32 calls too
inline constexpr std::uint32_t x86_32 = 0x40000003;   // i386
inline constexpr std::uint32_t x32_bit = 0x40000000;  // or-ed into nr by x32 calls, whose arch is x86_64
}  // namespace arch

// Limits of the kernel (linux/filter.h, linux/bpf_common.h, kernel/seccomp.c).
inline constexpr std::uint32_t max_program_length = 4096;  // instructions (BPF_MAXINSNS)
inline constexpr std::uint32_t scratch_slots = 16;         // 32-bit words M[0] .. M[15] (BPF_MEMWORDS)
inline constexpr std::uint32_t max_path_length = 32768;    // converted instructions (MAX_INSNS_PER_PATH)

}  // namespace callgate
