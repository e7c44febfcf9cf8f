// What a search changes and weighs: the filters of a chain.
#pragma once

#include <cstdint>
#include <vector>

#include "callgate/insn.hpp"
#include "callgate/options.hpp"

namespace callgate::oracles {

struct Candidate {
  std::vector<std::vector<Insn>> filters;  // oldest first
  MergeRule rule = MergeRule::first_non_allow;
};

// The largest candidates of a search.
struct Shape {
  std::uint32_t filters;
  std::uint32_t instructions;  // of each filter; at most max_program_length
};

}  // namespace callgate::oracles
