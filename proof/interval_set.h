// Sets of 32-bit words as intervals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace callgate::proof {

// Both ends belong to it.
struct Interval {
  std::uint32_t first;
  std::uint32_t last;

  friend constexpr bool operator==(const Interval&, const Interval&) = default;
};

inline constexpr std::uint32_t largest_word = 0xffffffff;

// A plain value: intervals in rising order that neither overlap nor touch.
class IntervalSet {
 public:
  IntervalSet() = default;  // the empty set
  IntervalSet(std::uint32_t first, std::uint32_t last) : intervals_{{first, last}} {}

  static IntervalSet all() { return {0, largest_word}; }
  static IntervalSet of(std::uint32_t value) { return {value, value}; }

  // Adds an interval that lies behind all others, or touches the last one.
  void append(std::uint32_t first, std::uint32_t last);

  bool empty() const { return intervals_.empty(); }
  bool is_all() const { return intervals_.size() == 1 && intervals_[0] == Interval{0, largest_word}; }
  bool is_single() const { return intervals_.size() == 1 && intervals_[0].first == intervals_[0].last; }
  std::uint32_t min() const { return intervals_.front().first; }  // of a set that is not empty
  std::uint32_t max() const { return intervals_.back().last; }
  std::uint64_t size() const;  // how many words belong to it
  std::span<const Interval> intervals() const { return intervals_; }

  bool contains(std::uint32_t value) const;
  // Whether it has all words from `first` to `last`; whether it has one of them.
  bool covers(std::uint32_t first, std::uint32_t last) const;
  bool meets(std::uint32_t first, std::uint32_t last) const;
  bool covers(const IntervalSet& other) const;
  bool meets(const IntervalSet& other) const;

  IntervalSet complement() const;
  IntervalSet plus(std::uint32_t distance) const;  // every word + distance, modulo 2^32
  IntervalSet negated() const;                     // 0 - every word, modulo 2^32

  friend IntervalSet operator&(const IntervalSet& a, const IntervalSet& b);
  friend IntervalSet operator|(const IntervalSet& a, const IntervalSet& b);
  friend bool operator==(const IntervalSet&, const IntervalSet&) = default;

  std::size_t hash() const;

 private:
  const Interval* find(std::uint32_t value) const;  // the first interval that ends at `value` or above it

  std::vector<Interval> intervals_;
};

// The words v for which ((v & mask) ^ flip) lies in `set`, if that takes at most `most` intervals.
std::optional<IntervalSet> preimage_of_bits(const IntervalSet& set, std::uint32_t mask, std::uint32_t flip,
                                            std::size_t most);

}  // namespace callgate::proof
