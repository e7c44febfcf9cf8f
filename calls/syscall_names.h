// Names of system calls of x86, by the library's own table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "callgate/expected.hpp"

namespace callgate::calls {

enum class NameError : std::uint8_t {
  unknown,    // no architecture has a system call of that name
  no_number,  // this one has not, or only as a part of socketcall or ipc
  no_table,   // names of this architecture are not known, only numbers
};

// The number that a program for `arch` (an AUDIT_ARCH_* value) loads to make the call `name`, with the x32 bit if x32.
Expected<std::uint32_t, NameError> syscall_number(std::string_view name, std::uint32_t arch, bool x32);

// The other direction; empty if there is no such call. The number of an x32 call has its bit.
std::string syscall_name(std::uint32_t nr, std::uint32_t arch);

}  // namespace callgate::calls
