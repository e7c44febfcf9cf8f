// Sets of 64-bit values as an argument check can name them (callgate_check), and their algebra.
//
//   ALLOW unless a & 2 and a & 4:                   DENY for   {a & 2 == 2} and {a & 4 == 4}  =  {a & 6 == 6}
//   ALLOW if lo is 0, 4, 8 or 10, and hi is 0:      ALLOW for  {lo: 0 … 10, members 0x511} and {hi == 0}
//                                                              =  {a: 0 … 10, members 0x511}
//
// A set that a check cannot name is no ValueSet: operations then give nothing, and the decision stays code.
#pragma once

#include <cstdint>
#include <optional>

namespace callgate::detail {

// The values v whose masked bits (v & mask) are at a distance of 0 … span from the base, and whose distance is a
// member: bit (distance & 63) of `members`. Intervals longer than 64 have all members.
struct ValueSet {
  static constexpr std::uint64_t all_members = ~std::uint64_t{0};

  std::uint64_t mask = 0;
  std::uint64_t base = 0;
  std::uint64_t span = 0;  // base + span does not wrap
  std::uint64_t members = all_members;

  static constexpr ValueSet single(std::uint64_t mask, std::uint64_t value) { return {mask, value, 0}; }

  bool contains(std::uint64_t value) const { return has(value & mask); }
  // Whether a value whose bits outside of the mask are 0 is in the set.
  bool has(std::uint64_t masked) const {
    const std::uint64_t distance = masked - base;
    return distance <= span && (members >> (distance & 63) & 1) != 0;
  }
  std::uint64_t end() const { return base + span; }
};

// The set of the same values, whose bits lie `left` bits (32, 0 or -32) further left: all bits of the mask stay within
// 64. Nothing where no ValueSet is the result.
std::optional<ValueSet> moved(const ValueSet& set, int left);

// Each is exact: nothing, where no ValueSet is the result, and where the result is empty.
std::optional<ValueSet> complement(const ValueSet& set);
std::optional<ValueSet> intersection(const ValueSet& a, const ValueSet& b);
std::optional<ValueSet> set_union(const ValueSet& a, const ValueSet& b);

}  // namespace callgate::detail
