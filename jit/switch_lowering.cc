#include "jit/switch_lowering.h"

#include <algorithm>
#include <cassert>

namespace callgate::jit {
namespace {

constexpr std::uint32_t most_points = 3;     // compared one after the other
constexpr std::uint32_t fewest_for_set = 5;  // ranges that make a set of bits worth its constant

bool fits_8(std::uint64_t value) { return value <= 0x7f; }
bool fits_31(std::uint64_t value) { return value <= 0x7fffffff; }

}  // namespace

Step SwitchLowering::step(StepKind kind, std::uint64_t value) const {
  return {.kind = kind,
          .wide = value_.wide,
          .offset = value_.offset,
          .expr = value_.expr,
          .value = value,
          .source = value_.source};
}

void SwitchLowering::lower(BlockId first, const SwitchValue& value, std::span<const Range> ranges,
                           std::span<const Edge> edges) {
  value_ = value;
  ranges_ = ranges;
  edges_ = edges;
  loaded_ = false;
  const Part all{0, static_cast<std::uint32_t>(ranges.size())};
  const auto begin = steps_.size();
  OpenBlock block = open(first);
  if (!value.in_memory || !is_one_comparison(all)) load(block);  // one comparison alone is made in memory
  lower_part(block, all);
  steps_[begin].marked = true;
}

void SwitchLowering::load(OpenBlock& block) {
  block.add(step(value_.in_memory ? StepKind::load : StepKind::compute));
  loaded_ = true;
}

bool SwitchLowering::is_one_comparison(Part part) const {
  if (part.size() == 2) return true;
  const std::uint32_t middle = part.begin + 1;
  return part.size() == 3 && same_target(part.begin, part.end - 1) && ranges_[middle].start == last_of(middle);
}

void SwitchLowering::lower_part(OpenBlock block, Part part) {
  if (!lower_points(block, part) && !lower_interval(block, part) && !lower_set(block, part)) lower_split(block, part);
}

// Sets the flags of value - with.
void SwitchLowering::compare(OpenBlock& block, std::uint64_t with) {
  const bool needs_register = value_.wide && !fits_31(with);  // a constant in a 64-bit comparison has 31 bits
  if (needs_register && !loaded_) load(block);
  block.add(step(loaded_ ? StepKind::compare : StepKind::compare_word, with));
}

// The edge into a part: its only edge, or one to a block that is to be written.
Edge SwitchLowering::part_edge(Part part) {
  if (part.size() == 1) return edges_[part.begin];
  std::uint32_t likelihood = 0;
  for (std::uint32_t i = part.begin; i < part.end; ++i) likelihood = std::max(likelihood, edges_[i].likelihood);
  return {make(), likelihood};
}

// A few single values, and one target for all others: one comparison with each. Neighbours have different targets, so
// there is one single value at least.
bool SwitchLowering::lower_points(OpenBlock block, Part part) {
  const std::uint32_t other = part.end - 1;
  std::uint32_t points[most_points] = {};
  std::uint32_t count = 0;
  for (std::uint32_t i = part.begin; i < part.end; ++i) {
    if (same_target(i, other)) continue;
    if (count == most_points || ranges_[i].start != last_of(i)) return false;
    points[count++] = i;
  }
  assert(count != 0);
  for (std::uint32_t i = 0; i + 1 < count; ++i) {
    compare(block, ranges_[points[i]].start);
    const BlockId next = make();
    block.end(Cond::equal, {edges_[points[i]].block, 0}, {next, 0});
    block = open(next);
  }
  const std::uint32_t last = points[count - 1];
  compare(block, ranges_[last].start);
  block.end(Cond::equal, edges_[last], edges_[other]);
  return true;
}

// One interval, and one target for all values around it: one comparison of the distance from its start.
bool SwitchLowering::lower_interval(OpenBlock block, Part part) {
  if (part.size() != 3 || !same_target(part.begin, part.end - 1)) return false;
  const std::uint64_t low = ranges_[part.begin + 1].start;
  const std::uint64_t length = last_of(part.begin + 1) - low;
  if (value_.wide && !(fits_31(low) && fits_31(length))) return false;
  block.add(step(StepKind::subtract, low));
  compare(block, length);
  block.end(Cond::above, edges_[part.begin], edges_[part.begin + 1]);
  return true;
}

// Two targets, and all values that go to the one that the last range does not go to lie close together: membership in a
// set of bits.
bool SwitchLowering::lower_set(OpenBlock block, Part part) {
  if (part.size() < fewest_for_set) return false;
  const std::uint32_t other = part.end - 1;
  const auto is_member = [&](std::uint32_t i) { return !same_target(i, other); };
  std::uint32_t first = part.begin;
  while (!is_member(first)) ++first;
  std::uint32_t last = other;
  while (!is_member(last)) --last;
  const std::uint64_t high = last_of(last);
  const std::uint64_t base = high < set_size_ ? 0 : ranges_[first].start;
  if (high - base >= set_size_ || (value_.wide && !fits_31(base))) return false;
  std::uint64_t members = 0;
  for (std::uint32_t i = first; i <= last; ++i) {
    if (!is_member(i)) continue;
    if (!same_target(i, first)) return false;
    for (std::uint64_t v = ranges_[i].start; v <= last_of(i); ++v) members |= std::uint64_t{1} << (v - base);
  }
  if (base != 0) block.add(step(StepKind::subtract, base));
  compare(block, high - base);
  const BlockId test = make();
  block.end(Cond::above, {edges_[other].block, 0}, {test, 0});
  OpenBlock inside = open(test);
  Step set = step(StepKind::set_members, members);
  Step member = step(StepKind::test_member);
  set.wide = member.wide = set_size_ == 64 && members > 0xffffffff;
  inside.add(set);
  inside.add(member);
  inside.end(Cond::below, edges_[first], edges_[other]);
  return true;
}

// Where to cut: in the middle half, at the end of the widest range there, so that neighbours stay together. The middle
// half bounds the depth of the tree, and with it the recursion.
std::uint32_t SwitchLowering::split_point(Part part) const {
  const std::uint32_t size = part.size();
  std::uint32_t best = part.begin + size / 2;
  if (size < 2 * fewest_for_set) return best;
  std::uint64_t widest = 0;
  for (std::uint32_t i = part.begin + size / 4; i < part.end - size / 4 - 1; ++i) {
    const std::uint64_t width = last_of(i) - ranges_[i].start;
    if (width > widest) {
      widest = width;
      best = i + 1;
    }
  }
  return best;
}

// One comparison, and a part on either side of it. The part that the comparison falls through to is written first.
void SwitchLowering::lower_split(OpenBlock block, Part part) {
  const std::uint32_t middle = split_point(part);
  const Part left{part.begin, middle};
  const Part right{middle, part.end};
  const Edge lower = part_edge(left);
  const Edge upper = part_edge(right);
  const std::uint64_t start = ranges_[middle].start;
  // x > k - 1 where that constant is shorter than k.
  const bool shorter = !fits_8(start) && fits_8(start - 1);
  compare(block, shorter ? start - 1 : start);
  const bool upper_first = block.end(shorter ? Cond::above : Cond::above_equal, upper, lower) == upper.block;
  for (const bool is_upper : {upper_first, !upper_first}) {
    const Part next = is_upper ? right : left;
    if (next.size() != 1) lower_part(open((is_upper ? upper : lower).block), next);
  }
}

}  // namespace callgate::jit
