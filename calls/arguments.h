// What the arguments of system calls are called, and how much of them the kernel takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace callgate::calls {

enum class ArgumentKind : std::uint8_t {
  int_,     // the kernel takes the lower 32 bits
  long_,    // all bits of a register
  pointer,  // the same
};

struct Argument {
  std::string_view name;  // the kernel's: "clone_flags"
  ArgumentKind kind;
};

// An argument of a call of x86_64, or of one that only i386 has; empty if the call is not known or has fewer.
std::optional<Argument> argument_of(std::string_view call, std::size_t index);

// The index of the argument that `name` means: the kernel's name, its last word if no other argument ends so ("flags"
// of clone), a name of the manual's ("domain" of socket), or "arg0" to "arg5". `arch`: AUDIT_ARCH_*. Empty if none
// does.
std::optional<std::size_t> argument_index(std::string_view call, std::string_view name, std::uint32_t arch);

// "clone_flags, newsp, parent_tidptr", for messages; empty if none has a name.
std::string argument_names(std::string_view call);

}  // namespace callgate::calls
