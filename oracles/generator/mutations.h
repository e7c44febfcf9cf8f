// Programs near a valid one, for the verifier.
#pragma once

#include <vector>

#include "callgate/insn.hpp"
#include "oracles/generator/random.h"

namespace callgate::oracles {

// `program` with one to three fields (or whole instructions) broken, often just past a rule of the verifier. The
// outcome may be valid or not.
std::vector<Insn> mutated(Random& random, const std::vector<Insn>& program);

// 1 .. max_length instructions of noise: random bytes, or accepted opcodes with random fields.
std::vector<Insn> noise(Random& random, std::uint32_t max_length);

}  // namespace callgate::oracles
