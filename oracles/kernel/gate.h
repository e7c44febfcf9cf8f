// Issues a system call from one known instruction, with every register that a filter sees chosen by the caller.
#pragma once

#include <cstdint>

#include "oracles/kernel/probe_protocol.h"

namespace callgate::kernel {

#ifdef __x86_64__
using Register = std::uint64_t;
#else
using Register = std::uint32_t;
#endif

extern "C" {
// registers: number, then six arguments.
Register probe_call_native(const Register* registers);
Register probe_call_int80(const Register* registers);
// The addresses behind the instructions, as a filter sees them.
extern const char probe_after_native[];
extern const char probe_after_int80[];
}

#ifdef __x86_64__
asm(R"(
        .text
        .globl probe_call_native, probe_after_native, probe_call_int80, probe_after_int80
probe_call_native:
        mov 0(%rdi), %rax
        mov 16(%rdi), %rsi
        mov 24(%rdi), %rdx
        mov 32(%rdi), %r10
        mov 40(%rdi), %r8
        mov 48(%rdi), %r9
        mov 8(%rdi), %rdi
        syscall
probe_after_native:
        ret
probe_call_int80:
        push %rbx
        push %rbp
        mov 0(%rdi), %rax
        mov 8(%rdi), %rbx
        mov 16(%rdi), %rcx
        mov 24(%rdi), %rdx
        mov 32(%rdi), %rsi
        mov 48(%rdi), %rbp
        mov 40(%rdi), %rdi
        int $0x80
probe_after_int80:
        pop %rbp
        pop %rbx
        ret
)");
#else
asm(R"(
        .text
        .globl probe_call_native, probe_after_native, probe_call_int80, probe_after_int80
probe_call_native:
probe_call_int80:
        push %ebx
        push %esi
        push %edi
        push %ebp
        mov 20(%esp), %edi
        mov 0(%edi), %eax
        mov 4(%edi), %ebx
        mov 8(%edi), %ecx
        mov 12(%edi), %edx
        mov 16(%edi), %esi
        mov 24(%edi), %ebp
        mov 20(%edi), %edi
        int $0x80
probe_after_native:
probe_after_int80:
        pop %ebp
        pop %edi
        pop %esi
        pop %ebx
        ret
)");
#endif

inline std::uint64_t address_after(Gate gate) noexcept {
  return reinterpret_cast<std::uintptr_t>(gate == Gate::native ? probe_after_native : probe_after_int80);
}

inline std::int32_t issue(Gate gate, const SeccompData& data) noexcept {
  Register registers[7] = {data.nr};
  for (int i = 0; i < 6; ++i) registers[i + 1] = static_cast<Register>(data.args[i]);
  const Register value = gate == Gate::native ? probe_call_native(registers) : probe_call_int80(registers);
  return static_cast<std::int32_t>(value);
}

}  // namespace callgate::kernel
