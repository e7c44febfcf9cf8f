// What the harness looks for.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "callgate/program.hpp"
#include "oracles/harness/case.h"
#include "oracles/harness/decider.h"

namespace callgate::oracles {

// Filters and one input on which somebody is wrong.
struct Failing {
  std::vector<std::vector<Insn>> filters;  // oldest first
  MergeRule rule = MergeRule::first_non_allow;
  SeccompData input{};
};

struct Finding {
  std::string who;   // the engine
  std::string what;  // "says 0x0 (KILL_THREAD), the interpreter says 0x7fff0000 (ALLOW)"
  Failing failing;
};

// Whether the decider fails or disagrees with the interpreter on this; nothing if all is well or the filters are not
// valid.
std::optional<Finding> examine(Decider& decider, const Failing& failing);

// The same for the inputs of a case: the first on which the decider is wrong.
std::optional<Finding> examine(Decider& decider, const Case& asked);

// "says 0x0 (KILL_THREAD), the interpreter says 0x7fff0000 (ALLOW)"
std::string disagreement(std::uint32_t result, std::uint32_t expected);

}  // namespace callgate::oracles
