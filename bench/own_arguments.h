// Calls made from a chain's own filters: what recorded streams hide, because real programs rarely make calls that their
// filter has to look at twice.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "callgate/insn.hpp"
#include "callgate/program.hpp"

namespace callgate::bench {

// `count` calls of numbers that the chain judges by arguments, all equally often and in no order. Each aims at one of
// the tests that a filter makes of such a call: its arguments are what leads there, and what makes the test come out
// one way or the other: the constants of the filter's comparisons, their neighbours, bits under its masks, in both
// halves that belong together; the rest are small values, pointers and noise. Calls of x86_64; where a chain judges
// none of those by arguments, of i386. Empty if it judges none at all. The same seed gives the same calls everywhere.
std::vector<SeccompData> own_arguments_stream(std::span<const Program> oldest_first, std::size_t count,
                                              std::uint64_t seed);

}  // namespace callgate::bench
