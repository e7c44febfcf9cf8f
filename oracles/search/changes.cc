#include "oracles/search/changes.h"

#include <algorithm>

#include "bpf/opcode.h"
#include "oracles/generator/adversaries.h"
#include "oracles/generator/constants.h"
#include "oracles/generator/program_generator.h"
#include "oracles/shrink/shrink.h"
#include "verifier/verify.h"

namespace callgate::oracles {
namespace {

using Filter = std::vector<Insn>;

std::uint32_t size_of(const Filter& filter) { return static_cast<std::uint32_t>(filter.size()); }

Filter::const_iterator at(const Filter& filter, std::uint32_t pc) {
  return filter.begin() + static_cast<std::ptrdiff_t>(pc);
}

bool has_constant(const Insn& in) {
  const bpf::OpcodeInfo* info = bpf::find_opcode(in.code);
  return info != nullptr && (info->form == bpf::Form::imm || info->form == bpf::Form::branch_imm);
}

// A constant becomes that of another instruction, its neighbour, an edge, or differs in a bit.
Filter with_other_constant(Random& random, Filter filter) {
  Insn& in = filter[random.below(size_of(filter))];
  if (!has_constant(in)) return filter;
  const std::uint32_t other = filter[random.below(size_of(filter))].k;
  const std::uint32_t choices[] = {other, other + 1, in.k + 1, in.k ^ 1u << random.below(32), edge_constant(random)};
  in.k = random.pick(choices);
  return filter;
}

// Runs are put in at `place` as often as they fit, at most `times`; constants grow by a step from one to the next.
Filter with_repeated(Random& random, const Filter& filter, const Filter& run, std::uint32_t place, std::uint32_t times,
                     std::uint32_t max_length) {
  Filter longer(filter.begin(), at(filter, place));
  const std::uint32_t steps[] = {0, 1, 1, 2, 7, 0x10000};
  const std::uint32_t step = random.pick(steps);
  const std::uint32_t stepping = random.below(size_of(run));
  for (std::uint32_t i = 0; i < times && size_of(longer) + size_of(run) + size_of(filter) - place <= max_length; ++i) {
    for (std::uint32_t j = 0; j < size_of(run); ++j) {
      longer.push_back(run[j]);
      const bool steps_here = j == stepping || (stepping == 0 && run[j].code != 0x06);
      if (steps_here && has_constant(run[j])) longer.back().k += step * i;
    }
  }
  longer.insert(longer.end(), at(filter, place), filter.end());
  return longer;
}

Filter part_of(Random& random, const Filter& filter, std::uint32_t longest) {
  const std::uint32_t first = random.below(size_of(filter));
  const std::uint32_t count = random.between(1, std::min(longest, size_of(filter) - first));
  return {at(filter, first), at(filter, first + count)};
}

Filter other(Random& random, const Candidate& candidate, std::uint32_t which, std::uint32_t max_length) {
  const Filter& filter = candidate.filters[which];
  const std::uint32_t place = random.below(size_of(filter));
  switch (random.below(8)) {
    case 0: return mutated(random, filter);
    case 1:
    case 2: return with_other_constant(random, filter);
    case 3: return with_repeated(random, filter, part_of(random, filter, 12), place, 1, max_length);
    case 4: {
      const std::uint32_t times = random.between(2, max_length);
      return with_repeated(random, filter, part_of(random, filter, 12), place, times, max_length);
    }
    case 5: {
      const Filter& donor = candidate.filters[random.below(static_cast<std::uint32_t>(candidate.filters.size()))];
      return with_repeated(random, filter, part_of(random, donor, 64), place, 1, max_length);
    }
    case 6: {
      const Filter donor = ProgramGenerator(random.next()).valid(24);
      return with_repeated(random, filter, part_of(random, donor, 24), place, random.between(1, 8), max_length);
    }
    default: return without(filter, place, random.between(1, std::max(1u, (size_of(filter) - place) / 4)));
  }
}

bool fits(const Filter& filter, const Shape& shape) {
  return filter.size() <= shape.instructions && !verifier::check(filter);
}

// The filter with a change that keeps it valid, or as it is if none was found.
Filter neighbour(Random& random, const Candidate& candidate, std::uint32_t which, const Shape& shape) {
  for (int attempt = 0; attempt < 16; ++attempt) {
    Filter filter = other(random, candidate, which, shape.instructions);
    if (filter != candidate.filters[which] && fits(filter, shape)) return filter;
  }
  return candidate.filters[which];
}

// Some instructions, repeated until the filter is full, and a result.
Filter repeated(Random& random, const Shape& shape) {
  for (int attempt = 0; attempt < 64; ++attempt) {
    const Filter donor = ProgramGenerator(random.next()).valid(random.between(2, 24));
    const Filter end = {{0x06, 0, 0, 0x7fff0000}};
    Filter filter = with_repeated(random, end, part_of(random, donor, 16), 0, shape.instructions, shape.instructions);
    if (fits(filter, shape)) return filter;
  }
  return {{0x06, 0, 0, 0x7fff0000}};
}

}  // namespace

Candidate start(Random& random, const Shape& shape) {
  Candidate candidate;
  candidate.rule = random.chance(50) ? MergeRule::first_non_allow : MergeRule::most_restrictive;
  const auto adversaries = longest_adversaries();
  const std::uint32_t kind = random.below(3);
  if (kind == 0) {
    ProgramGenerator(random.next()).write_chain(shape.filters, shape.instructions, true, candidate.filters);
  } else if (kind == 1 && shape.instructions == max_program_length) {
    const auto instructions =
        adversaries[random.below(static_cast<std::uint32_t>(adversaries.size()))].filters[0].instructions();
    candidate.filters.emplace_back(instructions.begin(), instructions.end());
  } else {
    const Filter filter = repeated(random, shape);
    candidate.filters.assign(random.between(1, shape.filters), filter);
  }
  return candidate;
}

Candidate changed(Random& random, const Candidate& candidate, const Shape& shape) {
  Candidate next = candidate;
  const auto count = static_cast<std::uint32_t>(candidate.filters.size());
  const std::uint32_t which = random.below(count);
  switch (random.below(10)) {
    case 0:
      next.rule = next.rule == MergeRule::first_non_allow ? MergeRule::most_restrictive : MergeRule::first_non_allow;
      return next;
    case 1:
    case 2: {
      if (count == shape.filters) break;
      const std::uint32_t copies = random.between(1, shape.filters - count);
      for (std::uint32_t i = 0; i < copies; ++i) next.filters.push_back(neighbour(random, candidate, which, shape));
      return next;
    }
    case 3:
      if (count == 1) break;
      next.filters.erase(next.filters.begin() + static_cast<std::ptrdiff_t>(which));
      return next;
    case 4:
      for (std::uint32_t i = 0; i < count; ++i) next.filters[i] = neighbour(random, candidate, i, shape);
      return next;
    default: break;
  }
  next.filters[which] = neighbour(random, candidate, which, shape);
  return next;
}

}  // namespace callgate::oracles
