// An instruction of a filter, and a system call, as C has them.
#pragma once

#include <stdint.h>

// struct sock_filter (linux/filter.h), byte for byte: an array of those may be cast to this.
struct callgate_insn {
  uint16_t code;  // operation
  uint8_t jt;     // instructions to skip when a conditional jump is taken
  uint8_t jf;     // instructions to skip when it is not
  uint32_t k;     // constant, load offset in bytes, scratch slot, or jump distance in instructions
};

// struct seccomp_data (linux/seccomp.h), byte for byte.
struct callgate_data {
  uint32_t nr;                   // system call number; x32 numbers carry CALLGATE_X32_BIT
  uint32_t arch;                 // AUDIT_ARCH_*
  uint64_t instruction_pointer;  // address after the system call instruction
  uint64_t args[6];              // a 32-bit process's arguments are zero-extended
};
