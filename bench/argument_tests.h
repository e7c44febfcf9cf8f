// What a filter asks about the arguments of one system call: found by following the filter with the number and the
// architecture known and everything else not. Used to make calls; callgate itself does not know it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "callgate/program.hpp"

namespace callgate::bench {

inline constexpr std::size_t argument_words = 12;  // low and high halves of six arguments, in memory order

enum class Comparison : std::uint8_t { equal, greater, greater_or_equal, any_bit };

// A branch that depends on more than number and architecture.
struct ArgumentTest {
  // Where it goes: a later test, or nothing behind which more is asked.
  std::optional<std::size_t> if_true;
  std::optional<std::size_t> if_false;

  // (word & mask) >> shift is compared with `k`. A test of something else, such as a sum, has no word.
  std::optional<std::size_t> word;
  std::uint32_t mask = 0xffffffff;
  std::uint32_t shift = 0;
  Comparison comparison = Comparison::equal;
  std::uint32_t k = 0;
};

// The tests that a call of this number and architecture may meet, in the program's order. The instruction pointer is
// taken to be 0.
std::vector<ArgumentTest> argument_tests(const Program& program, std::uint32_t nr, std::uint32_t arch_value);

}  // namespace callgate::bench
