// Filters made to explode whoever compiles them: states, paths, copies, expressions. tests/compose/bounds_test.cc wants
// them decided right and within the budgets; the benchmarks (adversary/) want the longest ones compiled in bounded
// time.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "callgate/program.hpp"

namespace callgate::oracles {

// `count` diamonds, each of which leaves one of two values in a slot of its own; all slots are read at the end.
Program diamonds(std::uint32_t count);

// TAX; ADD X, `times` times: a tree of 2^(times+1) - 1 nodes.
Program doubling(std::uint32_t times);

// An expression within bounds, computed anew by every one of many tests: the sum is what counts.
Program one_expression_in_many_tests();

// A ladder in which every rung returns another computed value.
Program returns_of_a_everywhere();

// Tests that jump here and there over each other: 2^n paths, one state at each instruction, and on every path other
// facts. `codes` are those of the tests; they look at the first `words` words of the arguments.
Program web(std::uint64_t seed, std::initializer_list<std::uint16_t> codes, std::uint32_t words, std::size_t length);

// Slots are rotated and mixed, under conditions: every instruction has another set of values.
Program scratch_shuffles();

// Counts how many of `counted` bits of the arguments are set, and returns another result for each sum.
Program counters(std::uint32_t counted);

// Every test asks about something else that is computed from the number: no set of numbers goes through at once.
Program arithmetic_on_the_number();

// The number decides what is compared, an argument whether: one residual for every number.
Program arguments_against_the_number();

// Each of the ladder's 500 numbers could get a copy of all exits in front of it, which look at `words` words.
Program thousand_exits_before_a_ladder(std::uint32_t words);

// The same, but each exit asks about a bit, and nothing is learnt for the next one.
Program thousand_bit_tests_before_a_ladder();

struct Adversary {
  std::string name;
  std::vector<Program> filters;  // oldest first
};

// The longest of each kind.
std::vector<Adversary> longest_adversaries();

}  // namespace callgate::oracles
