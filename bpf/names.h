// Names for people: actions, fields of seccomp_data, architectures.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace callgate::bpf {

// "ALLOW", "ERRNO(13)", "TRACE(5)", "TRAP", "KILL_PROCESS", … ERRNO always shows its data, other actions when they
// are not 0. An action that no kernel knows is shown with the whole result: "UNKNOWN(0x12340000)".
std::string result_name(std::uint32_t result);

// The action alone: "ALLOW", "ERRNO", …, "UNKNOWN".
std::string_view action_name(std::uint32_t result);
std::optional<std::uint32_t> action_from_name(std::string_view name);

// "EPERM"; empty if the number has no name. From <asm-generic/errno.h>; of two names of one number the first one.
std::string_view errno_name(std::uint32_t number);
std::optional<std::uint32_t> errno_from_name(std::string_view name);

// "nr", "arch", "ip.lo", "ip.hi", "args[0].lo", … for a word of seccomp_data at a byte offset (a multiple of 4,
// below 64).
std::string_view field_name(std::uint32_t offset);
std::optional<std::uint32_t> field_from_name(std::string_view name);

// "x86_64", "i386" and more; empty if unknown. Names as in AUDIT_ARCH_*, in lower case.
std::span<const std::uint32_t> known_arches();  // all of them, fewer than 63
std::string_view arch_name(std::uint32_t arch);
std::optional<std::uint32_t> arch_from_name(std::string_view name);

}  // namespace callgate::bpf
