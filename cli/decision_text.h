// Decisions in words.
#pragma once

#include <cstdint>
#include <string>

namespace callgate::cli {

// "ALLOW", "ERRNO(38) ENOSYS", "UNKNOWN(0x90000000): the kernel kills the process". The first word is
// bpf::result_name() in all of them but the last, where a colon follows it.
std::string decision_text(std::uint32_t result);

// "ENOSYS"; empty if the result is no ERRNO, or of a number without a name.
std::string errno_name(std::uint32_t result);

}  // namespace callgate::cli
