// Constants of the kernel's headers for what stands in an argument of a call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace callgate::cli {

// "AF_ALG", "CLONE_NEWUSER|CLONE_NEWNET"; a number where the argument has no names: below 10 in decimal, else in
// hexadecimal. `call` may be empty.
std::string constant_text(std::string_view call, std::size_t argument, std::uint64_t value);

// Whether the argument is one for which there are names.
bool has_constants(std::string_view call, std::size_t argument);

// Whether the argument is a set of flags, which are named one by one.
bool is_flags(std::string_view call, std::size_t argument);

}  // namespace callgate::cli
