// The input of a filter, as far as the compiler must know it: words of 32 bits.
#pragma once

#include <cstdint>

namespace callgate::ir {

// The bit sets of words (InputSchema, Expr::words) have so many bits.
inline constexpr std::uint32_t max_input_words = 16;

// One constant for each dialect that filters are written in.
struct InputSchema {
  std::uint32_t bytes;        // size of the input; what LD LEN loads
  std::uint16_t class_words;  // one bit a word: the words that decide to which class an input belongs
  std::uint16_t halves;       // one bit a word: words that are one half of a 64-bit value, whose other half is word ^ 1

  constexpr std::uint32_t words() const { return bytes / 4; }
  // Whether a 32-bit load from this byte offset is one that a filter can make.
  constexpr bool may_load(std::uint32_t offset) const { return offset < bytes && offset % 4 == 0; }
  constexpr bool decides_class(std::uint32_t word) const { return (class_words >> word & 1) != 0; }
  constexpr bool is_half(std::uint32_t word) const { return (halves >> word & 1) != 0; }
  // Words are little-endian: the high half is the odd one.
  constexpr bool is_high_half(std::uint32_t word) const { return is_half(word) && word % 2 == 1; }
};

}  // namespace callgate::ir
