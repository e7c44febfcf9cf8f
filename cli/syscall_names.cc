#include "cli/syscall_names.h"

#include <cstdlib>
#include <map>
#include <memory>

#include <seccomp.h>

#include "callgate/insn.hpp"

namespace callgate::cli {
namespace {

// The calls of i386 whose number libseccomp tells only in the other direction: asked for socket or shmget, it answers
// with a negative number that stands for "socketcall or the call's own number" (which exists since Linux 4.3).
std::map<std::string, std::uint32_t> list_calls_of_i386() {
  constexpr std::uint32_t end_of_numbers = 1024;  // far behind the last one that there is
  std::map<std::string, std::uint32_t> calls;
  for (std::uint32_t nr = 0; nr < end_of_numbers; ++nr) {
    if (const std::string name = syscall_name(nr, SCMP_ARCH_X86); !name.empty()) calls.emplace(name, nr);
  }
  return calls;
}

}  // namespace

std::uint32_t libseccomp_arch(std::uint32_t arch_value, bool x32) {
  return x32 ? std::uint32_t{SCMP_ARCH_X32} : arch_value;
}

Expected<std::uint32_t, NameError> syscall_number(const std::string& name, std::uint32_t libseccomp_arch) {
  const bool is_c_string = name.find('\0') == std::string::npos;
  const int number = is_c_string ? seccomp_syscall_resolve_name_arch(libseccomp_arch, name.c_str()) : __NR_SCMP_ERROR;
  if (number == __NR_SCMP_ERROR) return NameError::unknown;
  if (number >= 0) return static_cast<std::uint32_t>(number);
  if (libseccomp_arch != SCMP_ARCH_X86) return NameError::no_number;
  static const auto calls = list_calls_of_i386();
  const auto found = calls.find(name);
  if (found == calls.end()) return NameError::no_number;
  return found->second;
}

std::string syscall_name(std::uint32_t nr, std::uint32_t libseccomp_arch) {
  const std::unique_ptr<char, decltype(&std::free)> name(
      seccomp_syscall_resolve_num_arch(libseccomp_arch, static_cast<int>(nr)), &std::free);
  return name == nullptr ? "" : name.get();
}

}  // namespace callgate::cli
