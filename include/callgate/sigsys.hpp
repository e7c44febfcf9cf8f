// The call behind a SIGSYS, for handlers: of seccomp's TRAP and of syscall user dispatch.
//
//   void on_sigsys(int, siginfo_t* info, void* context) {
//     const auto call = callgate::call_of_sigsys(info, context);
//     const std::uint32_t result = call ? chain->evaluate(*call) : callgate::action::kill_process;
//     …
//   }
#pragma once

#include <csignal>

#include <optional>

#include "callgate/insn.hpp"

namespace callgate {

// What the kernel's filters see of the call that raised the signal: `info` and `context` as a handler with SA_SIGINFO
// gets them. The architecture is the kernel's word (si_arch) and tells by which gate the call came: int 0x80 in a
// 64-bit process is an i386 call, with its arguments in ebx, ecx, edx, esi, edi and ebp. Empty if no call raised the
// signal, as when a process sent it: fail closed then. Empty on machines that are not x86. Async-signal-safe,
// thread-safe. Source: seccomp's populate_seccomp_data(), syscall_get_arguments() of arch/x86, force_sig_seccomp().
inline std::optional<SeccompData> call_of_sigsys(const siginfo_t* info, const void* context) noexcept {
#if defined(__x86_64__) || defined(__i386__)
  constexpr int by_seccomp = 1;        // SYS_SECCOMP
  constexpr int by_user_dispatch = 2;  // SYS_USER_DISPATCH
  if (info->si_signo != SIGSYS || (info->si_code != by_seccomp && info->si_code != by_user_dispatch)) return {};
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
  SeccompData call{};
  call.nr = static_cast<std::uint32_t>(info->si_syscall);
  call.arch = info->si_arch;
  // The kernel hands on whole registers, also for i386 calls of a 64-bit process.
#if defined(__x86_64__)
  constexpr int of_x86_64[] = {REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9};
  constexpr int of_i386[] = {REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RBP};
  const int(&places)[6] = call.arch == arch::x86_32 ? of_i386 : of_x86_64;
  call.instruction_pointer = static_cast<std::uint64_t>(registers[REG_RIP]);
  for (int i = 0; i < 6; ++i) call.args[i] = static_cast<std::uint64_t>(registers[places[i]]);
#else
  constexpr int places[] = {REG_EBX, REG_ECX, REG_EDX, REG_ESI, REG_EDI, REG_EBP};
  call.instruction_pointer = static_cast<std::uint32_t>(registers[REG_EIP]);
  for (int i = 0; i < 6; ++i) call.args[i] = static_cast<std::uint32_t>(registers[places[i]]);
#endif
  return call;
#else
  static_cast<void>(info), static_cast<void>(context);
  return {};
#endif
}

}  // namespace callgate
