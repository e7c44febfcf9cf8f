// Nothing is measured before everything has given the same answers.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "bench/measure/decider.h"
#include "callgate/options.hpp"
#include "callgate/program.hpp"

namespace callgate::bench {

struct Disagreement {
  std::size_t call;  // index into the calls
  std::string decider;
  std::uint32_t result;
  std::uint32_t expected;  // the interpreter's, filter by filter and without a chain
};

// Lets every decider decide every call; prepares them for the calls.
std::optional<Disagreement> find_disagreement(std::span<const Program> oldest_first,
                                              std::span<const std::unique_ptr<Decider>> deciders,
                                              std::span<const SeccompData> calls,
                                              MergeRule rule = MergeRule::first_non_allow);
std::string to_string(const Disagreement& disagreement, std::span<const SeccompData> calls);

// The same; throws std::runtime_error with the disagreement, if there is one.
void check_agreement(std::span<const Program> oldest_first, std::span<const std::unique_ptr<Decider>> deciders,
                     std::span<const SeccompData> calls, MergeRule rule = MergeRule::first_non_allow);

}  // namespace callgate::bench
