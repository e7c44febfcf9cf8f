// Rules of a profile that contradict each other, or that do nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "callgate/expected.hpp"
#include "callgate/insn.hpp"
#include "profiles/oci.h"

namespace callgate::profiles {

enum class ConflictKind : std::uint8_t {
  contradiction,  // the same calls, another action
  overlap,        // some calls are those of both, with another action: which counts is the library's business
  useless,        // says the profile's default action, and no other rule is for its calls
};

struct RuleConflict {
  ConflictKind kind;
  std::string call;
  std::string rule;                    // "syscalls[3]"
  std::string other;                   // the later rule, but for `useless`
  std::optional<SeccompData> example;  // a call of x86_64 that both rules are for; of the rule, if `useless`
};

// Of each call at most one of each kind, in the order of the rules. Overlaps are looked for at the edges of the tests:
// some may not be found. The error is that of compile_oci().
Expected<std::vector<RuleConflict>, std::string> rule_conflicts(std::string_view json, const OciOptions& options);

}  // namespace callgate::profiles
