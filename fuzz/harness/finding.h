// What the harness looks for.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "callgate/program.hpp"
#include "fuzz/harness/decider.h"

namespace callgate::fuzz {

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

// "0x50001 (ERRNO(1))"
std::string show_result(std::uint32_t result);

}  // namespace callgate::fuzz
