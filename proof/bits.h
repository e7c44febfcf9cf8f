// What is known of a word: bits, and an interval. Both hold at once, so that a value is what fits both.
#pragma once

#include <cstdint>
#include <optional>

#include "proof/terms.h"

namespace callgate::proof {

struct Known {
  std::uint32_t zeros = 0;  // bits that are 0
  std::uint32_t ones = 0;   // bits that are 1
  std::uint32_t low = 0;
  std::uint32_t high = largest_word;

  static Known of(std::uint32_t value) { return {~value, value, value, value}; }

  bool is_single() const { return low == high; }
  std::uint32_t unknown_bits() const { return ~(zeros | ones); }

  friend constexpr bool operator==(const Known&, const Known&) = default;
};

// The smallest value >= `from` with these bits, if there is one; the largest value <= `from`.
std::optional<std::uint32_t> next_with_bits(std::uint32_t from, const Known& known);
std::optional<std::uint32_t> previous_with_bits(std::uint32_t from, const Known& known);

// Makes bits and interval as narrow as each other makes them. False if nothing is left.
bool settle(Known& known);

// Narrows `known` to what both know, or to the members of `set`. False if nothing is left.
bool narrow(Known& known, const Known& other);
bool narrow(Known& known, const IntervalSet& set);

// What is known of op(a, b), and what the result tells about the operands: narrows them. False if nothing is left.
Known known_result(TermOp op, const Known& a, const Known& b);
bool narrow_operands(TermOp op, const Known& result, Known& a, Known& b);

}  // namespace callgate::proof
