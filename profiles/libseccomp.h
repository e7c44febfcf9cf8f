// libseccomp, kept at arm's length: it runs in a child process, which can be stopped.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "callgate/insn.hpp"
#include "profiles/call_rule.h"
#include "profiles/oci_profile.h"

namespace callgate::profiles {

// The filter that libseccomp makes of the rules that it knows a number for, and that are not the default action.
// Throws std::runtime_error if it refuses one, crashes, or is not done in time.
std::vector<Insn> libseccomp_filter(const Profile& profile, std::span<const CallRule> rules, const OciOptions& options);

struct LibseccompVersion {
  std::uint32_t major, minor, micro;

  friend constexpr auto operator<=>(const LibseccompVersion&, const LibseccompVersion&) = default;
};
LibseccompVersion libseccomp_version();

}  // namespace callgate::profiles
