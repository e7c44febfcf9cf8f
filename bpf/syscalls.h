// Names and numbers of system calls, from a table of callgate's own: what a name means depends neither on the machine
// nor on a library.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace callgate::bpf {

// The Linux version whose calls the table holds.
inline constexpr std::string_view syscalls_of_linux = "7.1";

// The number that a program loads to make the call `name`, as seccomp_data has it. `arch` is an AUDIT_ARCH_* value
// (arch::x86_64, arch::x86_32). Programs for x32 have the value of x86_64: with `x32` the number has the x32 bit. Empty
// if the architecture is another one or lacks the call.
std::optional<std::uint32_t> syscall_number(std::string_view name, std::uint32_t arch, bool x32 = false);

// The other direction: the call that a program makes with `nr`, which has the x32 bit if x32 is meant; or empty.
std::string_view syscall_name(std::uint32_t nr, std::uint32_t arch);

// Whether any architecture of Linux has such a call.
bool is_syscall_name(std::string_view name);

// The name of a call that resembles `name` so much that it may be meant; or empty.
std::string_view nearest_syscall_name(std::string_view name);

}  // namespace callgate::bpf
