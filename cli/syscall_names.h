// Names of system calls, as disasm asks for them: the number of an x32 call has its bit, so the architecture's value
// tells.
#pragma once

#include "calls/syscall_names.h"

namespace callgate::cli {

using calls::syscall_name;
constexpr std::uint32_t libseccomp_arch(std::uint32_t arch_value, bool) { return arch_value; }

}  // namespace callgate::cli
