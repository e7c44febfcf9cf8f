// Invalid neighbours of valid programs: one broken field, and the verdict that it must get.
#pragma once

#include <vector>

#include "callgate/program.hpp"
#include "oracles/generator/random.h"

namespace callgate::oracles {

struct Broken {
  std::vector<Insn> program;
  VerifyErrc rule;   // what the verifier must say of it,
  std::uint32_t pc;  // and where
};

// Breaks one rule, drawn at random, at a random place: mostly just past the limit, sometimes far.
Broken break_a_rule(Random& random, const std::vector<Insn>& valid);

}  // namespace callgate::oracles
