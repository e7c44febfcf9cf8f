#include "oracles/harness/case.h"

#include "oracles/generator/program_generator.h"

namespace callgate::oracles {
namespace {

std::uint64_t seed_of(std::uint64_t run, std::uint64_t index) { return Random(Random(run).next() ^ index).next(); }

// Short ones mostly: most bugs need few instructions, and time is in proportion to their number.
std::uint32_t mixed_length(ProgramGenerator& generator) {
  Random random(generator.next());
  const std::uint32_t kind = random.below(1024);
  if (kind == 0) return max_program_length;
  if (kind < 4) return random.between(1, max_program_length);
  return random.between(1, kind < 60 ? 320 : kind < 500 ? 48 : 20);
}

}  // namespace

void CaseGenerator::make_filters(std::uint64_t index, Case& out) {
  ProgramGenerator generator(seed_of(config_.seed, index));
  const bool most_restrictive = (generator.next() & 1) != 0;
  out.rule = config_.rule.value_or(most_restrictive ? MergeRule::most_restrictive : MergeRule::first_non_allow);
  const std::uint32_t length = config_.length != 0 ? config_.length : mixed_length(generator);
  if (config_.max_filters > 1)
    return generator.write_chain(config_.max_filters, length, config_.length != 0, out.filters);
  out.filters.resize(1);
  generator.write(length, out.filters[0]);
}

void CaseGenerator::make_inputs(std::uint64_t index, Case& out) {
  inputs_.start(~seed_of(config_.seed, index));
  for (const auto& filter : out.filters) inputs_.add(filter);
  out.inputs.resize(config_.inputs);
  inputs_.write(out.inputs);
}

Case CaseGenerator::make(std::uint64_t index) {
  Case made;
  make_filters(index, made);
  make_inputs(index, made);
  return made;
}

}  // namespace callgate::oracles
