// A system call as one line of text: "openat -100 0x7ffe1000 0 arch=x86_64".
#pragma once

#include <string>
#include <string_view>

#include "callgate/expected.hpp"
#include "callgate/insn.hpp"

namespace callgate::cli {

// Whether the line holds no call: only blanks, or a comment after '#'.
bool is_blank(std::string_view line);

// Reads "nr-or-name a0 … a5 [arch=…] [ip=…]"; the last two may stand anywhere behind the first word. Missing
// arguments are 0, arch is x86_64. Numbers are decimal, 0x hexadecimal, octal with a leading 0 (all three as in C),
// or negative (two's complement: 32 bits for nr, 64 for the rest). Names are those of the line's architecture, by
// libseccomp. arch=x32 is x86_64 with the x32 bit set in nr.
Expected<SeccompData, std::string> parse_call(std::string_view line);

}  // namespace callgate::cli
