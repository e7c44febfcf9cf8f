// Names of system calls, by libseccomp.
#pragma once

#include <cstdint>
#include <string>

#include "callgate/expected.hpp"

namespace callgate::cli {

enum class NameError : std::uint8_t {
  unknown,    // no architecture has a system call of that name
  no_number,  // this one has not, or only as a part of socketcall or ipc
};

// An architecture for libseccomp: that of the AUDIT_ARCH_* value, or x32, which shares x86_64's value.
std::uint32_t libseccomp_arch(std::uint32_t arch_value, bool x32);

// The number that a program for `libseccomp_arch` loads to make the call `name`, with the x32 bit on x32.
Expected<std::uint32_t, NameError> syscall_number(const std::string& name, std::uint32_t libseccomp_arch);

// The other direction; empty if there is no such call.
std::string syscall_name(std::uint32_t nr, std::uint32_t libseccomp_arch);

}  // namespace callgate::cli
