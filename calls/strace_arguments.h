// Arguments as strace prints them: "3, "text"..., 0x7ffe1000 /* 12 vars */, O_RDONLY|O_CLOEXEC".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "calls/call.h"

namespace callgate::calls {

struct StraceArgument {
  std::string_view name;  // "flags" in "flags=SIGCHLD"; mostly empty
  std::uint64_t value = 0;
  std::uint64_t unknown = 0;  // set bits: those of `value` that the text does not tell
  bool raw = false;           // a bare hexadecimal number, as -e raw prints it, or 0
};

struct StraceArguments {
  std::array<StraceArgument, argument_count> list{};
  std::size_t count = 0;
  bool closed = false;    // whether the closing parenthesis was there
  std::string_view rest;  // what stands behind it
};

// Reads `text`, which begins behind the opening parenthesis. Empty if there are more than six arguments, or quotes,
// brackets or comments do not match.
std::optional<StraceArguments> read_strace_arguments(std::string_view text);

// Puts the arguments where the kernel has them, which strace does not do for every call; all that it does not show is
// unknown. Needs data.arch.
void place_strace_arguments(std::string_view call_name, const StraceArguments& arguments, Call& call);

}  // namespace callgate::calls
