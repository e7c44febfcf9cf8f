// Capabilities by name.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "callgate/expected.hpp"

namespace callgate::profiles {

using Capabilities = std::set<std::string, std::less<>>;  // such as "CAP_SYS_ADMIN"

// Whether Linux has it, written as in linux/capability.h.
bool is_capability(std::string_view name);

// What a person writes: one name or several with commas between, in any case, with or without "CAP_", or "ALL" (as for
// the engines' --cap-add). An error names the word that is no capability, and the one that may be meant.
Expected<Capabilities, std::string> parse_capabilities(std::string_view text);

}  // namespace callgate::profiles
