// From what a comparison asks about back to the word of the input that it came from.
#pragma once

#include <cstdint>

#include "callgate/insn.hpp"
#include "oracles/generator/random.h"

namespace callgate::oracles {

// A value of the word that `load` loads for which A is `wanted` before `end`, if the instructions from `load` to `end`
// run in the order of the text and no X takes part; else a guess. Bits that do not matter are random.
std::uint32_t preimage(const Insn* load, const Insn* end, std::uint32_t wanted, Random& random);

}  // namespace callgate::oracles
