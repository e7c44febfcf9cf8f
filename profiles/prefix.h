// What is decided before libseccomp's filter is asked.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "callgate/insn.hpp"
#include "profiles/call_rule.h"
#include "profiles/oci_profile.h"

namespace callgate::profiles {

// runc gives ENOSYS to all numbers above this one, so that programs take a new call as one that the kernel lacks.
struct LargestNumber {
  CallArch arch;
  std::uint32_t nr;
};

struct Prefix {
  std::vector<Insn> instructions;      // end by falling into what follows; empty if there is nothing to decide
  std::vector<LargestNumber> largest;  // of the architectures that have runc's stub
};

// Instructions for the rules whose calls libseccomp does not know on an architecture: of several rules for one call the
// first without tests counts, else the strictest that holds, else what follows decides. In front of them runc's stub,
// if the engine uses runc and the default action does not let calls pass: numbers above the largest that a rule names
// are ENOSYS (libcontainer/seccomp/patchbpf in runc's sources).
Prefix make_prefix(const Profile& profile, std::span<const CallRule> rules, ContainerEngine engine);

}  // namespace callgate::profiles
