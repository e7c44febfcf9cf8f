// Which calls reach a seccomp filter depends on the kernel.
#pragma once

#include <compare>
#include <cstdint>

#include "callgate/insn.hpp"

namespace callgate::bpf {

struct KernelVersion {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;

  friend constexpr auto operator<=>(const KernelVersion&, const KernelVersion&) = default;
};

// The first version that lets a call pass whatever the filters say.
struct UnfilteredCall {
  std::uint32_t nr;
  KernelVersion since;
};

// Calls of x86_64 alone, which only code that the kernel itself puts into a process may make
// (seccomp_uprobe_exception() in kernel/seccomp.c). Stable kernels have the first of them since 6.12.14 and 6.13.3.
inline constexpr UnfilteredCall unfiltered_calls[] = {
    {335, {6, 14}},  // uretprobe
    {336, {6, 18}},  // uprobe
};

// Whether filters decide the call `nr` of a program for `arch` (an AUDIT_ARCH_* value) on that kernel.
constexpr bool is_filtered(std::uint32_t nr, std::uint32_t arch, KernelVersion kernel) noexcept {
  if (arch != arch::x86_64) return true;
  for (const UnfilteredCall& call : unfiltered_calls) {
    if (call.nr == nr && kernel >= call.since) return false;
  }
  return true;
}

}  // namespace callgate::bpf
