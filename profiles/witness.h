// A filter is tried with calls from the edges of its profile's rules.
#pragma once

#include <span>

#include "profiles/call_rule.h"
#include "profiles/oci.h"
#include "profiles/oci_profile.h"
#include "profiles/prefix.h"

namespace callgate::profiles {

// What the rules mean, for one call: the first rule without tests decides; else one of the rules that hold, and the
// strictest of them if they differ; else the default action, or runc's stub. Calls that the filter decides in another
// way are a std::runtime_error that names the rule, or notes of `filter` if `accept`. A rule that one without tests
// makes useless is a note: libseccomp documents as much.
//
// The calls: every number with a name, and for each call with tests the arguments around the tests' numbers, half by
// half, in all combinations, or a sample where these are too many. Calls that i386 makes by way of socketcall and ipc
// are left out: what libseccomp makes of their arguments is its own business. A filter that is not valid is not tried.
void check_witnesses(const Profile& profile, std::span<const CallRule> rules, const Prefix& prefix, bool accept,
                     OciFilter& filter);

}  // namespace callgate::profiles
