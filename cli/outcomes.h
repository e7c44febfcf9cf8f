// What a chain may decide about a call that is not known in whole.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "callgate/options.hpp"
#include "callgate/program.hpp"

namespace callgate::cli {

// A decision, and what made it. Filter and instruction are empty if no filter objects.
struct Outcome {
  std::uint32_t result = 0;
  std::optional<std::uint32_t> filter;       // the oldest is 0
  std::optional<std::uint32_t> instruction;  // the return, or the division by zero, that ended the filter

  friend auto operator<=>(const Outcome&, const Outcome&) = default;
};

// Every outcome of the chain for calls that are `data` where the bits of `unknown` are not set, each once; perhaps
// more, as each filter is followed on its own, never fewer. Exactly one if nothing is unknown. Empty if there are too
// many paths to follow.
std::vector<Outcome> possible_outcomes(std::span<const Program> oldest_first, MergeRule rule, const SeccompData& data,
                                       const SeccompData& unknown);

}  // namespace callgate::cli
