// System calls that reach into a program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "callgate/insn.hpp"

namespace callgate::fuzz {

// System calls for `program`: for each compared constant the word last loaded before the comparison takes the
// constant, its neighbours and its bit flips; halves of arguments are swapped; nr, arch and the x32 bit take odd
// values; the rest is drawn from the program's constants and from edge values. More than `count` such cases are
// sampled, not truncated.
std::vector<SeccompData> inputs_for(std::span<const Insn> program, std::uint64_t seed, std::size_t count);

}  // namespace callgate::fuzz
