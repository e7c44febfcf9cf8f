// Chains with real actions: what the kernel does to the caller is what most_restrictive says, and first_non_allow
// differs from it exactly where an older filter is stricter than the newest that objects.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "oracles/generator/random.h"
#include "oracles/kernel/engines.h"
#include "oracles/kernel/probe_client.h"

namespace callgate::kernel {

// What becomes of the caller. LOG and ALLOW look the same from inside, and so do TRACE without a tracer and USER_NOTIF
// without a listener.
enum class Seen { runs, fails, traps, thread_dies, process_dies };
inline constexpr std::size_t seen_count = 5;

struct MergeTally {
  std::uint32_t chains = 0;
  std::uint32_t seen[seen_count] = {};
};

class Merging {
 public:
  Merging(Probe& probe, std::span<const Decider> choices, std::uint64_t seed)
      : probe_(probe), choices_(choices), random_(seed) {}

  // A chain of one filter for each result, oldest first, in the kernel and on every engine. Nothing, or a report with
  // the shortest chain found.
  std::optional<std::string> compare(std::span<const std::uint32_t> results);

  // Chains of one to four random results.
  std::optional<std::string> compare_random(std::uint32_t chains);

  const MergeTally& tally() const { return tally_; }

 private:
  std::optional<std::string> difference(std::span<const std::uint32_t> results);

  Probe& probe_;
  std::span<const Decider> choices_;
  oracles::Random random_;
  MergeTally tally_;
};

}  // namespace callgate::kernel
