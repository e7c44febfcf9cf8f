// The deciders against the running kernel: the same results, for random filters and inputs made for them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "oracles/kernel/engines.h"
#include "oracles/kernel/runners.h"

namespace callgate::kernel {

// What is compared with the kernel besides the engines; tests put something wrong in the interpreter's place.
using Evaluate = std::function<std::uint32_t(const Program&, const SeccompData&)>;

struct ResultTally {
  std::uint32_t programs = 0;      // compared
  std::uint32_t left_out = 0;      // whose results the kernel cannot show in this way
  std::uint32_t branching = 0;     // with more than one result among the inputs
  std::uint32_t zero_results = 0;  // runs that returned 0: mostly a division by zero
};

struct ResultRun {
  std::uint64_t seed;
  std::uint32_t programs;    // at least so many are compared
  std::uint32_t max_length;  // instructions; every tenth group is up to `longest`
  std::uint32_t longest;
};

// Groups of three programs with inputs derived from them: each alone and all as a chain, by both merge rules, on every
// engine. Nothing, or a report of the first difference with the smallest filters found. What chains must give is merged
// from the kernel's results.
std::optional<std::string> compare_results(Runner& runner, const ResultRun& run, std::span<const Decider> choices,
                                           ResultTally& tally, const Evaluate& interpreter = interpret);

std::string describe(const SeccompData& data);  // one line

}  // namespace callgate::kernel
