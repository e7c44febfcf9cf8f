// Pairs of chains that are nearly alike.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "callgate/program.hpp"
#include "oracles/generator/program_generator.h"
#include "proof/compare.h"

namespace callgate::test {

// One field of one instruction is another; empty if that is no filter.
inline std::optional<Program> with_one_change(const Program& program, oracles::Random& random) {
  std::vector<Insn> changed(program.instructions().begin(), program.instructions().end());
  // Those in front are reached most.
  const auto size = static_cast<std::uint32_t>(changed.size());
  Insn& insn = changed[std::min({random.below(size), random.below(size), random.below(size)})];
  switch (random.below(8)) {
    case 0: insn.k += 1; break;
    case 1: insn.k -= 1; break;
    case 2: insn.k ^= std::uint32_t{1} << random.below(32); break;
    case 3: insn.jt = static_cast<std::uint8_t>(insn.jt + 1); break;
    case 4: insn.jf = static_cast<std::uint8_t>(insn.jf - 1); break;
    case 5: std::swap(insn.jt, insn.jf); break;
    case 6: insn.code = static_cast<std::uint16_t>(insn.code ^ 0x08); break;  // K and X
    default: insn.code = static_cast<std::uint16_t>(insn.code ^ 0x10); break;
  }
  auto verified = verify(changed);
  return verified ? std::optional(std::move(*verified)) : std::nullopt;
}

struct Pair {
  std::vector<Program> before;  // oldest first
  std::vector<Program> after;
  MergeRule rule = MergeRule::most_restrictive;

  proof::ChainRef old_chain() const { return {before, rule}; }
  proof::ChainRef new_chain() const { return {after, rule}; }
};

// Chains of one to three filters; one filter has one change, or nothing has, or two filters are exchanged.
inline Pair make_pair(oracles::ProgramGenerator& generator, oracles::Random& random) {
  Pair pair;
  const std::uint32_t filters = random.chance(60) ? 1 : 1 + random.below(3);
  const std::uint32_t length = random.chance(80) ? 16 : 60;
  while (pair.before.size() < filters) pair.before.push_back(*verify(generator.valid(length)));
  pair.after = pair.before;
  if (random.chance(50)) pair.rule = MergeRule::first_non_allow;
  if (filters > 1 && random.chance(20)) {
    std::swap(pair.after.front(), pair.after.back());
    return pair;
  }
  for (int tries = 0; tries < 20; ++tries) {
    Program& program = pair.after[random.below(filters)];
    if (auto changed = with_one_change(program, random)) {
      program = std::move(*changed);
      break;
    }
  }
  return pair;
}

}  // namespace callgate::test
