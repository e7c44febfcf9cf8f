#include "bench/measure/agreement.h"

#include <fmt/format.h>

#include <stdexcept>

#include "bench/measure/engines.h"
#include "bpf/names.h"

namespace callgate::bench {

std::optional<Disagreement> find_disagreement(std::span<const Program> oldest_first,
                                              std::span<const std::unique_ptr<Decider>> deciders,
                                              std::span<const SeccompData> calls, MergeRule rule) {
  for (const auto& decider : deciders) decider->prepare(calls);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const std::uint32_t expected = decide_one_by_one(oldest_first, calls[i], rule);
    for (const auto& decider : deciders) {
      const std::uint32_t result = decider->decide(i);
      if (result != expected) return Disagreement{i, decider->name(), result, expected};
    }
  }
  return std::nullopt;
}

std::string to_string(const Disagreement& disagreement, std::span<const SeccompData> calls) {
  const SeccompData& data = calls[disagreement.call];
  return fmt::format(
      "{} says {}, the interpreter {}: call {}, nr {}, arch {:#x}, ip {:#x}, arguments {:#x} {:#x} {:#x} {:#x} "
      "{:#x} {:#x}",
      disagreement.decider, bpf::result_name(disagreement.result), bpf::result_name(disagreement.expected),
      disagreement.call, data.nr, data.arch, data.instruction_pointer, data.args[0], data.args[1], data.args[2],
      data.args[3], data.args[4], data.args[5]);
}

void check_agreement(std::span<const Program> oldest_first, std::span<const std::unique_ptr<Decider>> deciders,
                     std::span<const SeccompData> calls, MergeRule rule) {
  const auto found = find_disagreement(oldest_first, deciders, calls, rule);
  if (found) throw std::runtime_error(to_string(*found, calls));
}

}  // namespace callgate::bench
