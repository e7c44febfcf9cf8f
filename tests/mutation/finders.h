// What has to notice a bug: the tests' own generator and comparisons, asked for one case at a time.
#pragma once

#include <cstdint>
#include <string>

namespace callgate::test {

// "", or what is wrong with the case that `seed` stands for. A case is one program or one chain.
using Finder = std::string (*)(std::uint64_t seed);

// The verifier on a valid program, which it must accept, and on a neighbour with one broken field, for which it must give
// the right rule and place.
std::string verdicts(std::uint64_t seed);

// A chain of one to three filters on everything that can decide (run_everywhere()).
std::string decisions(std::uint64_t seed);

}  // namespace callgate::test
