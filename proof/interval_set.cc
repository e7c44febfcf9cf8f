#include "proof/interval_set.h"

#include <algorithm>

namespace callgate::proof {

void IntervalSet::append(std::uint32_t first, std::uint32_t last) {
  if (!intervals_.empty() && intervals_.back().last != largest_word && intervals_.back().last + 1 >= first) {
    intervals_.back().last = std::max(intervals_.back().last, last);
    return;
  }
  if (!intervals_.empty() && intervals_.back().last == largest_word) return;
  intervals_.push_back({first, last});
}

std::uint64_t IntervalSet::size() const {
  std::uint64_t size = 0;
  for (const Interval& interval : intervals_) size += std::uint64_t{interval.last} - interval.first + 1;
  return size;
}

const Interval* IntervalSet::find(std::uint32_t value) const {
  const auto ends_below = [](const Interval& interval, std::uint32_t v) { return interval.last < v; };
  const auto found = std::lower_bound(intervals_.begin(), intervals_.end(), value, ends_below);
  return found == intervals_.end() ? nullptr : &*found;
}

bool IntervalSet::contains(std::uint32_t value) const { return covers(value, value); }

bool IntervalSet::covers(std::uint32_t first, std::uint32_t last) const {
  const Interval* const interval = find(first);
  return interval != nullptr && interval->first <= first && last <= interval->last;
}

bool IntervalSet::meets(std::uint32_t first, std::uint32_t last) const {
  const Interval* const interval = find(first);
  return interval != nullptr && interval->first <= last;
}

bool IntervalSet::covers(const IntervalSet& other) const {
  return std::ranges::all_of(other.intervals_, [&](const Interval& i) { return covers(i.first, i.last); });
}

bool IntervalSet::meets(const IntervalSet& other) const {
  if (other.intervals_.size() > intervals_.size()) return other.meets(*this);
  return std::ranges::any_of(other.intervals_, [&](const Interval& i) { return meets(i.first, i.last); });
}

IntervalSet IntervalSet::complement() const {
  IntervalSet result;
  std::uint64_t next = 0;
  for (const Interval& interval : intervals_) {
    if (interval.first > next) result.append(static_cast<std::uint32_t>(next), interval.first - 1);
    next = std::uint64_t{interval.last} + 1;
  }
  if (next <= largest_word) result.append(static_cast<std::uint32_t>(next), largest_word);
  return result;
}

IntervalSet IntervalSet::plus(std::uint32_t distance) const {
  IntervalSet wrapped;
  IntervalSet straight;
  for (const Interval& interval : intervals_) {
    const std::uint32_t first = interval.first + distance;
    const std::uint32_t last = interval.last + distance;
    if (first <= last) {
      (first < distance ? wrapped : straight).append(first, last);
    } else {  // the end wraps, the start does not
      straight.append(first, largest_word);
      wrapped.append(0, last);
    }
  }
  return wrapped | straight;
}

IntervalSet IntervalSet::negated() const {
  IntervalSet complemented;  // -v is ~v + 1
  for (auto interval = intervals_.rbegin(); interval != intervals_.rend(); ++interval) {
    complemented.append(~interval->last, ~interval->first);
  }
  return complemented.plus(1);
}

IntervalSet operator&(const IntervalSet& a, const IntervalSet& b) {
  IntervalSet result;
  auto left = a.intervals_.begin();
  auto right = b.intervals_.begin();
  while (left != a.intervals_.end() && right != b.intervals_.end()) {
    const std::uint32_t first = std::max(left->first, right->first);
    const std::uint32_t last = std::min(left->last, right->last);
    if (first <= last) result.append(first, last);
    left->last < right->last ? static_cast<void>(++left) : static_cast<void>(++right);
  }
  return result;
}

IntervalSet operator|(const IntervalSet& a, const IntervalSet& b) {
  IntervalSet result;
  auto left = a.intervals_.begin();
  auto right = b.intervals_.begin();
  while (left != a.intervals_.end() || right != b.intervals_.end()) {
    const bool take_left = right == b.intervals_.end() || (left != a.intervals_.end() && left->first <= right->first);
    const Interval& next = take_left ? *left++ : *right++;
    result.append(next.first, next.last);
  }
  return result;
}

std::size_t IntervalSet::hash() const {
  std::uint64_t hash = 0x9e3779b97f4a7c15;
  for (const Interval& interval : intervals_) {
    hash = (hash ^ (std::uint64_t{interval.first} << 32 | interval.last)) * 0xbf58476d1ce4e5b9;
    hash ^= hash >> 29;
  }
  return static_cast<std::size_t>(hash);
}

namespace {

// Goes down the bits of v from the top: below a prefix, ((v & mask) ^ flip) lies between two words.
class BitsWalk {
 public:
  BitsWalk(const IntervalSet& set, std::uint32_t mask, std::uint32_t flip, std::size_t most)
      : set_(set), mask_(mask), flip_(flip), most_(most), steps_(64 * (most + 2)) {}

  std::optional<IntervalSet> run() {
    down(32, 0);
    return too_many_ ? std::nullopt : std::optional(result_);
  }

 private:
  void down(unsigned free_bits, std::uint32_t prefix) {
    if (too_many_) return;
    if (steps_-- == 0 || result_.intervals().size() > most_) {
      too_many_ = true;
      return;
    }
    const std::uint32_t free = free_bits == 32 ? largest_word : (std::uint32_t{1} << free_bits) - 1;
    const std::uint32_t fixed = ((prefix & mask_) ^ flip_) & ~(mask_ & free);
    const std::uint32_t most = fixed | (mask_ & free);
    if (!set_.meets(fixed, most)) return;
    if (set_.covers(fixed, most)) return result_.append(prefix, prefix | free);
    if (free_bits == 0) return;
    down(free_bits - 1, prefix);
    down(free_bits - 1, prefix | std::uint32_t{1} << (free_bits - 1));
  }

  const IntervalSet& set_;
  std::uint32_t mask_;
  std::uint32_t flip_;
  std::size_t most_;
  std::size_t steps_;
  bool too_many_ = false;
  IntervalSet result_;
};

}  // namespace

std::optional<IntervalSet> preimage_of_bits(const IntervalSet& set, std::uint32_t mask, std::uint32_t flip,
                                            std::size_t most) {
  return BitsWalk(set, mask, flip, most).run();
}

}  // namespace callgate::proof
