// Architectures as lines of calls name them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "callgate/insn.hpp"

namespace callgate::calls {

// x32 shares its AUDIT_ARCH_* value with x86_64.
struct Architecture {
  std::uint32_t value = arch::x86_64;
  bool x32 = false;
};

// Reads a name (of the kernel's headers, this library's targets, libseccomp or container profiles) or an AUDIT_ARCH_*
// number: as in C, or, with eight digits, hexadecimal as audit records have it ("40000003", "c000003e").
std::optional<Architecture> parse_architecture(std::string_view word);

// The error for a word that is none, with names that are.
std::string unknown_architecture(std::string_view word);

// The number that a program for `architecture` loads to make the call that `word` names or numbers (as in C; on x32 the
// bit is added). Or the error.
std::optional<std::string> read_nr(std::string_view word, const Architecture& architecture, std::uint32_t& nr);

// "openat", "getpid (i386)", "read (x32)"; a number without a name as "call 9999".
std::string call_name(const SeccompData& data);

}  // namespace callgate::calls
