#include "dispatch/value_set.h"

#include <algorithm>
#include <bit>

namespace callgate::detail {
namespace {

constexpr std::uint64_t all_members = ValueSet::all_members;
constexpr std::uint64_t low_half = 0xffffffff;

bool is_small(std::uint64_t mask) { return mask < 64; }

// Of a set under a mask below 64: bit v is set where it contains v.
std::uint64_t truth_table(const ValueSet& set) {
  std::uint64_t table = 0;
  for (std::uint64_t v = 0; v < 64; ++v) table |= std::uint64_t{set.contains(v)} << v;
  return table;
}

std::optional<ValueSet> from_truth_table(std::uint64_t mask, std::uint64_t table) {
  const auto is_possible = [&](std::uint64_t v) { return (v & ~mask) == 0; };
  std::uint64_t members = 0;
  for (std::uint64_t v = 0; v <= mask; ++v) {
    if (is_possible(v)) members |= std::uint64_t{1} << v & table;
  }
  if (members == 0) return std::nullopt;
  if (std::has_single_bit(members))
    return ValueSet::single(mask, static_cast<std::uint64_t>(std::countr_zero(members)));
  return ValueSet{mask, 0, mask, members};
}

// The interval from `low` to `end`, cut to multiples of the mask's lowest bit: so that one value is seen to be one.
ValueSet interval(std::uint64_t mask, std::uint64_t low, std::uint64_t end) {
  const std::uint64_t below = (mask & (0 - mask)) - 1;
  low = (low + below) & ~below;
  return {mask, low, (end & ~below) - low};
}

// One value of the bits under the mask.
bool is_single(const ValueSet& set) { return set.span == 0 && (set.base & ~set.mask) == 0 && (set.members & 1) != 0; }

// The interval is cut to values that there are, so that base and end lie within the mask's bits.
std::optional<ValueSet> clipped(ValueSet set) {
  if (set.base > set.mask) return std::nullopt;
  set.span = std::min(set.span, set.mask - set.base);
  return set;
}

// The members from `low` to `end`, less than 64 values, for which `is_in` holds.
template <class IsIn>
std::optional<ValueSet> short_interval(std::uint64_t mask, std::uint64_t low, std::uint64_t end, IsIn is_in) {
  std::uint64_t members = 0;
  for (std::uint64_t i = 0; i <= end - low; ++i) members |= std::uint64_t{is_in(low + i)} << i;
  if (members == 0) return std::nullopt;
  return ValueSet{mask, low, end - low, members};
}

std::optional<ValueSet> intersection_under_one_mask(const ValueSet& a, const ValueSet& b) {
  const std::uint64_t low = std::max(a.base, b.base);
  const std::uint64_t end = std::min(a.end(), b.end());
  if (low > end) return std::nullopt;
  if (a.members == all_members && b.members == all_members) return ValueSet{a.mask, low, end - low};
  // What has other members is shorter than 64.
  return short_interval(a.mask, low, end, [&](std::uint64_t v) { return a.has(v) && b.has(v); });
}

// Where all bits of the single value lie above those of the set, a distance that a value of other high bits has is more
// than the span: the high bits put it 2^n away, where n is the lowest of them, and base + span is less than 2^n.
bool is_above(const ValueSet& single, const ValueSet& set) {
  return single.mask != 0 && set.mask >> std::countr_zero(single.mask) == 0;
}

std::optional<ValueSet> put_on_top(const ValueSet& single, const ValueSet& set) {
  auto result = clipped(set);
  if (!result) return std::nullopt;
  result->mask |= single.mask;
  result->base |= single.base;
  return result;
}

}  // namespace

std::optional<ValueSet> complement(const ValueSet& set) {
  if (is_single(set) && std::has_single_bit(set.mask)) return ValueSet::single(set.mask, set.base ^ set.mask);
  if (is_small(set.mask)) return from_truth_table(set.mask, ~truth_table(set));
  if (set.members != all_members) return std::nullopt;
  const bool begins = set.base == 0;
  const bool ends = set.end() >= set.mask;
  if (begins && !ends) return interval(set.mask, set.end() + 1, set.mask);
  if (ends && !begins) return interval(set.mask, 0, set.base - 1);
  return std::nullopt;
}

std::optional<ValueSet> intersection(const ValueSet& a, const ValueSet& b) {
  if (is_single(a) && is_single(b)) {
    if (((a.base ^ b.base) & a.mask & b.mask) != 0) return std::nullopt;
    return ValueSet::single(a.mask | b.mask, a.base | b.base);
  }
  if (a.mask == b.mask) return intersection_under_one_mask(a, b);
  if (is_small(a.mask | b.mask)) return from_truth_table(a.mask | b.mask, truth_table(a) & truth_table(b));
  if (is_single(a) && is_above(a, b)) return put_on_top(a, b);
  if (is_single(b) && is_above(b, a)) return put_on_top(b, a);
  return std::nullopt;
}

std::optional<ValueSet> set_union(const ValueSet& a, const ValueSet& b) {
  if (is_small(a.mask | b.mask)) return from_truth_table(a.mask | b.mask, truth_table(a) | truth_table(b));
  if (a.mask != b.mask) return std::nullopt;
  const std::uint64_t low = std::min(a.base, b.base);
  const std::uint64_t end = std::max(a.end(), b.end());
  if (end - low < 64) return short_interval(a.mask, low, end, [&](std::uint64_t v) { return a.has(v) || b.has(v); });
  const ValueSet& first = a.base <= b.base ? a : b;
  const ValueSet& second = a.base <= b.base ? b : a;
  const bool adjoin = first.end() >= second.base || first.end() + 1 == second.base;
  if (!adjoin || a.members != all_members || b.members != all_members) return std::nullopt;
  return ValueSet{a.mask, low, end - low};
}

std::optional<ValueSet> moved(const ValueSet& set, int left) {
  if (left == 0) return set;
  if (set.span != 0 && set.members != all_members) return std::nullopt;
  if (left > 0) {
    if (set.base > low_half) return std::nullopt;
    return ValueSet{set.mask << 32, set.base << 32, (std::min(set.end(), low_half) - set.base) << 32};
  }
  const std::uint64_t first = (set.base >> 32) + ((set.base & low_half) != 0 ? 1 : 0);
  if (first > set.end() >> 32) return std::nullopt;
  return ValueSet{set.mask >> 32, first, (set.end() >> 32) - first};
}

}  // namespace callgate::detail
