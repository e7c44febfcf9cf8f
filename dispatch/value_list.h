// Lists of values of one argument as a record that one look decides (callgate_list).
//
// Example: 0x5401, 0x5421, 0x100005401, 0x100005413
//
//   varying bits   1, 4, 5 and 32; the others are shared, and compared as they stand
//   keys           bit 32 lies above one byte. Folded by 25, value ^ value >> 25, it comes to bit 7, which does not
//                  vary: the low bytes 0x01, 0x21, 0x81, 0x93 tell the values apart
//   places         2 buckets by the upper bits of key * multiplier, 4 places by its middle ones. The larger bucket
//                  first, each is displaced by the least number that brings its keys to places that are free
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace callgate::detail {

struct ValueList {
  std::uint32_t offset = 0;  // of the argument in the input, in bytes
  std::uint64_t mask = 0;
  std::vector<std::uint64_t> values;  // distinct, of bits of the mask; not empty
  std::uint32_t inside = 0;           // result of the values
  std::uint32_t outside = 0;          // of all others
};

inline constexpr std::size_t most_listed_values = 1024;

// The callgate_list with its buckets and keys; nothing if no multiplier that was tried gives every value a place of its
// own, or the list is longer than most_listed_values. May throw std::bad_alloc.
std::optional<std::vector<std::uint8_t>> make_list(const ValueList& list);

}  // namespace callgate::detail
