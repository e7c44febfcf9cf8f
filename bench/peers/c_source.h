// Filters as C, for a compiler to optimise: what one would write by hand, one statement for each instruction.
#pragma once

#include <span>
#include <string>

#include "callgate/program.hpp"

namespace callgate::bench {

// A translation unit with "uint32_t filter_N(const uint32_t *words)" for each filter, the oldest being 0, and
// "uint32_t chain(const uint32_t *words)" for all of them inlined into one function. `words` are the 16 words of
// struct seccomp_data.
std::string c_source(std::span<const Program> oldest_first);

}  // namespace callgate::bench
