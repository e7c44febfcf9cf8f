// The verifier against the running kernel: the same filters are accepted.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "oracles/kernel/probe_client.h"

namespace callgate::kernel {

// What is compared with the kernel; tests put something wrong in the verifier's place.
using Accepts = std::function<bool(std::span<const Insn>)>;
bool verifier_accepts(std::span<const Insn> filter);

struct VerdictTally {
  std::uint32_t accepted = 0;
  std::uint32_t rejected = 0;
};

// Compares the verdicts on all of `batch`. Nothing, or a report of the first difference with the smallest filter found.
std::optional<std::string> compare_verdicts(Probe& probe, std::span<const Filter> batch, VerdictTally& tally,
                                            const Accepts& accepts = verifier_accepts);

// The same for `count` random filters: valid ones, their broken neighbours, and noise; every hundredth may be as long
// as a filter can be, and longer.
std::optional<std::string> compare_random_verdicts(Probe& probe, std::uint64_t seed, std::uint32_t count,
                                                   VerdictTally& tally, const Accepts& accepts = verifier_accepts);

}  // namespace callgate::kernel
