// What the input of a filter is made of, as far as the compiler must know it.
#pragma once

#include <cstdint>

namespace callgate::ir {

// No schema has more words than a bit set of `InputSchema` has bits that are used.
inline constexpr std::uint32_t max_input_words = 16;

// A constant of the dialect that a filter is written in: compilers see through it, so that it costs nothing.
struct InputSchema {
  std::uint32_t bytes;         // size of the input; what LD LEN loads
  std::uint16_t class_words;   // one bit a word: the words that decide to which class an input belongs
  std::uint16_t halves;        // one bit a word: words that are one half of a 64-bit value, whose other half is word ^ 1

  constexpr std::uint32_t words() const { return bytes / 4; }
  // Whether a 32-bit load from this byte offset is one that a filter can make.
  constexpr bool may_load(std::uint32_t offset) const { return offset < bytes && offset % 4 == 0; }
  constexpr bool decides_class(std::uint32_t word) const { return (class_words >> word & 1) != 0; }
  constexpr bool is_half(std::uint32_t word) const { return (halves >> word & 1) != 0; }
};

}  // namespace callgate::ir
