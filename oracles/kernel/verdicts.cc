#include "oracles/kernel/verdicts.h"

#include <cerrno>
#include <cstring>

#include "oracles/generator/program_generator.h"
#include "oracles/kernel/listing.h"
#include "oracles/shrink/shrink.h"
#include "verifier/verify.h"

namespace callgate::kernel {
namespace {

std::uint8_t verdict(Probe& probe, std::span<const Insn> filter) {
  const Filter batch[] = {Filter(filter.begin(), filter.end())};
  return probe.verdicts(batch).at(0);
}

bool differs(std::uint8_t error, bool accepted) { return error == EBUSY ? !accepted : error != EINVAL || accepted; }

std::string report(Probe& probe, const Filter& filter, const Accepts& accepts) {
  const Filter smallest = oracles::shrink(
      filter, [&](std::span<const Insn> candidate) { return differs(verdict(probe, candidate), accepts(candidate)); },
      {.max_questions = 4000});
  const std::uint8_t error = verdict(probe, smallest);
  const auto reason = verifier::check(smallest);
  return std::string("the kernel ") +
         (error == EBUSY ? "accepts" : std::string("answers ") + std::strerror(error) + " to") +
         " this filter, callgate " + (accepts(smallest) ? "accepts it" : "rejects it") +
         (reason ? " (" + to_string(*reason) + ")" : "") + "\n" + listing(smallest);
}

Filter random_filter(oracles::ProgramGenerator& generator, std::uint32_t i) {
  const std::uint32_t max_length = i % 100 == 0 ? max_program_length + 1 : 120;
  switch (i % 5) {
    case 0: return generator.valid(max_length);
    case 1: return generator.random_bytes(max_length);
    default: return generator.mutated(generator.valid(max_length));
  }
}

}  // namespace

bool verifier_accepts(std::span<const Insn> filter) { return !verifier::check(filter); }

std::optional<std::string> compare_verdicts(Probe& probe, std::span<const Filter> batch, VerdictTally& tally,
                                            const Accepts& accepts) {
  const auto errors = probe.verdicts(batch);
  if (errors.size() != batch.size()) return "the probe gave " + std::to_string(errors.size()) + " answers";
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (differs(errors[i], accepts(batch[i]))) return report(probe, batch[i], accepts);
    ++(errors[i] == EBUSY ? tally.accepted : tally.rejected);
  }
  return std::nullopt;
}

std::optional<std::string> compare_random_verdicts(Probe& probe, std::uint64_t seed, std::uint32_t count,
                                                   VerdictTally& tally, const Accepts& accepts) {
  oracles::ProgramGenerator generator(seed);
  for (std::uint32_t done = 0; done < count;) {
    std::vector<Filter> batch;
    for (; batch.size() < 500 && done < count; ++done) batch.push_back(random_filter(generator, done));
    if (auto difference = compare_verdicts(probe, batch, tally, accepts)) return difference;
  }
  return std::nullopt;
}

}  // namespace callgate::kernel
