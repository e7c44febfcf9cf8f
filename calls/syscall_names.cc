#include "calls/syscall_names.h"

#include <cstdlib>
#include <memory>

#include <seccomp.h>

#include "bpf/syscalls.h"
#include "callgate/insn.hpp"

namespace callgate::calls {
namespace {

constexpr bool is_x86(std::uint32_t arch) { return arch == arch::x86_64 || arch == arch::x86_32; }

}  // namespace

Expected<std::uint32_t, NameError> syscall_number(std::string_view name, std::uint32_t arch, bool x32) {
  if (is_x86(arch)) {
    if (const auto number = bpf::syscall_number(name, arch, x32)) return *number;
    return bpf::is_syscall_name(name) ? NameError::no_number : NameError::unknown;
  }
  if (name.find('\0') != std::string_view::npos) return NameError::unknown;
  const int number = seccomp_syscall_resolve_name_arch(arch, std::string(name).c_str());
  if (number == __NR_SCMP_ERROR) return NameError::unknown;
  if (number < 0) return NameError::no_number;
  return static_cast<std::uint32_t>(number);
}

std::string syscall_name(std::uint32_t nr, std::uint32_t arch) {
  if (is_x86(arch)) return std::string(bpf::syscall_name(nr, arch));
  const std::unique_ptr<char, decltype(&std::free)> name(seccomp_syscall_resolve_num_arch(arch, static_cast<int>(nr)),
                                                         &std::free);
  return name == nullptr ? "" : name.get();
}

}  // namespace callgate::calls
