// A system call as one line that somebody typed: "openat -100 0x7ffe1000 O_RDONLY|O_CLOEXEC arch=x86_64".
#pragma once

#include <string>
#include <string_view>

#include "callgate/expected.hpp"
#include "calls/architecture.h"
#include "calls/call.h"

namespace callgate::calls {

// Whether the line holds no call: only blanks, or a comment after '#'.
bool is_blank(std::string_view line);

// Reads "nr-or-name a0 … a5 [arch=…] [ip=…]"; the last two may stand anywhere behind the first word. Arguments that
// are left out are 0, and marked so; "?" is an argument that is not known. Numbers are decimal, 0x
// hexadecimal, octal with a leading 0 (all three as in C), negative (two's complement: 32 bits for nr and for arguments
// of 32-bit architectures, 64 for the rest; an int such as a descriptor is what glibc passes, and marked so), or
// constants of the kernel's headers joined by '|'. Names of calls are those of the line's architecture, of x86 only.
// arch=x32 is x86_64 with the x32 bit set in nr. `usual` is the architecture of lines that do not say theirs.
Expected<Call, std::string> parse_call(std::string_view line, const Architecture& usual = {});

}  // namespace callgate::calls
