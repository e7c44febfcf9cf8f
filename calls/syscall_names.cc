#include "calls/syscall_names.h"

#include "bpf/syscalls.h"
#include "callgate/insn.hpp"

namespace callgate::calls {

Expected<std::uint32_t, NameError> syscall_number(std::string_view name, std::uint32_t arch, bool x32) {
  if (arch != arch::x86_64 && arch != arch::x86_32) return NameError::no_table;
  if (const auto number = bpf::syscall_number(name, arch, x32)) return *number;
  return bpf::is_syscall_name(name) ? NameError::no_number : NameError::unknown;
}

std::string syscall_name(std::uint32_t nr, std::uint32_t arch) { return std::string(bpf::syscall_name(nr, arch)); }

}  // namespace callgate::calls
