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
  return {.kind = kind, .wide = choice_.wide, .word = choice_.value, .value = value, .source = choice_.source};
}

void SwitchLowering::code(BlockId first, const Switch& choice, std::span<const Range> ranges, std::span<const Edge> edges,
                      bool in_memory) {
  choice_ = choice;
  ranges_ = ranges;
  edges_ = edges;
  loaded_ = false;
  const Part all{0, static_cast<std::uint32_t>(ranges.size())};
  const auto begin = static_cast<std::uint32_t>(steps_.size());
  if (!in_memory) {
    steps_.push_back(step(StepKind::compute));
    loaded_ = true;
  } else if (count_comparisons(all) > 1) {  // all that takes more than one works on a loaded value
    steps_.push_back(step(StepKind::load));
    loaded_ = true;
  }
  results_.block(first).first = begin;
  code_part(first, all);
  steps_[begin].marked = true;
}

// One, or more than one.
std::uint32_t SwitchLowering::count_comparisons(Part part) const {
  if (part.size() == 2) return 1;
  const std::uint32_t middle = part.begin + 1;
  const bool point = part.size() == 3 && same_way(part.begin, part.end - 1) && ranges_[middle].start == last_of(middle);
  return point ? 1 : 2;
}

// `block` is made; its steps begin at its `first`, and may have begun already.
BlockId SwitchLowering::code_part(BlockId block, Part part) {
  results_.append(block);
  if (!code_points(block, part) && !code_interval(block, part) && !code_set(block, part)) code_split(block, part);
  return block;
}

// The flags of value against `value`.
void SwitchLowering::compare(std::uint64_t value) {
  const bool large = choice_.wide && !fits_31(value);
  if (large && !loaded_) {
    steps_.push_back(step(StepKind::load));
    loaded_ = true;
  }
  steps_.push_back(step(loaded_ ? StepKind::compare : StepKind::compare_word, value));
}

void SwitchLowering::branch(BlockId block, Cond cond, const Edge& taken, const Edge& next) {
  Block& b = results_.block(block);
  const bool swap = taken.likelihood > next.likelihood;
  b.kind = BlockKind::steps;
  b.segment = segment_;
  b.last = static_cast<std::uint32_t>(steps_.size());
  b.cond = swap ? negate(cond) : cond;
  b.taken = swap ? next.block : taken.block;
  b.next = swap ? taken.block : next.block;
}

// Where a part leads to: its one way, or a block that is to be coded.
Edge SwitchLowering::part_edge(Part part) {
  if (part.size() == 1) return edges_[part.begin];
  std::uint32_t likelihood = 0;
  for (std::uint32_t i = part.begin; i < part.end; ++i) likelihood = std::max(likelihood, edges_[i].likelihood);
  return {results_.make({BlockKind::steps, segment_}), likelihood};
}

// A few single values, all others go one way: compare with each. Neighbours go different edges, so there is one at least.
bool SwitchLowering::code_points(BlockId block, Part part) {
  const std::uint32_t other = part.end - 1;
  std::uint32_t points[most_points] = {};
  std::uint32_t count = 0;
  for (std::uint32_t i = part.begin; i < part.end; ++i) {
    if (same_way(i, other)) continue;
    if (count == most_points || ranges_[i].start != last_of(i)) return false;
    points[count++] = i;
  }
  assert(count != 0);
  for (std::uint32_t i = 0; i < count; ++i) {
    compare(ranges_[points[i]].start);
    if (i + 1 == count) {
      branch(block, Cond::equal, edges_[points[i]], edges_[other]);
      break;
    }
    const BlockId next = results_.make({BlockKind::steps, segment_});
    branch(block, Cond::equal, {edges_[points[i]].block, 0}, {next, 0});
    block = next;
    results_.block(block).first = static_cast<std::uint32_t>(steps_.size());
    results_.append(block);
  }
  return true;
}

// One interval, all around it goes one way: one comparison of the distance from its start.
bool SwitchLowering::code_interval(BlockId block, Part part) {
  if (part.size() != 3 || !same_way(part.begin, part.end - 1)) return false;
  const std::uint64_t low = ranges_[part.begin + 1].start;
  const std::uint64_t length = last_of(part.begin + 1) - low;
  if (choice_.wide && !(fits_31(low) && fits_31(length))) return false;
  steps_.push_back(step(StepKind::subtract, low));
  compare(length);
  branch(block, Cond::above, edges_[part.begin], edges_[part.begin + 1]);
  return true;
}

// Two edges, and those who go the rarer one lie close together: membership in a set of bits.
bool SwitchLowering::code_set(BlockId block, Part part) {
  if (part.size() < fewest_for_set) return false;
  const std::uint32_t other = part.end - 1;
  const auto is_member = [&](std::uint32_t i) { return !same_way(i, other); };
  std::uint32_t first = part.begin;
  while (!is_member(first)) ++first;
  std::uint32_t last = other;
  while (!is_member(last)) --last;
  const std::uint64_t high = last_of(last);
  const std::uint64_t base = high < set_size_ ? 0 : ranges_[first].start;
  if (high - base >= set_size_ || (choice_.wide && !fits_31(base))) return false;
  std::uint64_t members = 0;
  for (std::uint32_t i = first; i <= last; ++i) {
    if (!is_member(i)) continue;
    if (!same_way(i, first)) return false;
    for (std::uint64_t v = ranges_[i].start; v <= last_of(i); ++v) members |= std::uint64_t{1} << (v - base);
  }
  if (base != 0) steps_.push_back(step(StepKind::subtract, base));
  compare(high - base);
  const BlockId test = results_.make({BlockKind::steps, segment_});
  branch(block, Cond::above, {edges_[other].block, 0}, {test, 0});
  results_.block(test).first = static_cast<std::uint32_t>(steps_.size());
  results_.append(test);
  Step set = step(StepKind::set_members, members);
  Step member = step(StepKind::test_member);
  set.wide = member.wide = set_size_ == 64 && members > 0xffffffff;
  steps_.push_back(set);
  steps_.push_back(member);
  branch(test, Cond::below, edges_[first], edges_[other]);
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

void SwitchLowering::code_split(BlockId block, Part part) {
  const std::uint32_t middle = split_point(part);
  const Part left{part.begin, middle};
  const Part right{middle, part.end};
  const Edge lower = part_edge(left);
  const Edge upper = part_edge(right);
  const std::uint64_t start = ranges_[middle].start;
  // x > k - 1 where that constant is shorter than k.
  const bool shorter = !fits_8(start) && fits_8(start - 1);
  compare(shorter ? start - 1 : start);
  branch(block, shorter ? Cond::above : Cond::above_equal, upper, lower);
  const bool upper_first = results_.block(block).next == upper.block;
  for (const bool is_upper : {upper_first, !upper_first}) {
    const Part next = is_upper ? right : left;
    if (next.size() == 1) continue;
    const BlockId first = (is_upper ? upper : lower).block;
    results_.block(first).first = static_cast<std::uint32_t>(steps_.size());
    code_part(first, next);
  }
}

}  // namespace callgate::jit
