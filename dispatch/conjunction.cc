#include "dispatch/conjunction.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>

#include "dispatch/value_set.h"

namespace callgate::detail {
namespace {

using jit::Range;
using jit::Switch;
using jit::SwitchId;
using jit::SwitchKind;

constexpr std::size_t most_looks = 5;         // of one alternative: bounds have as many
constexpr std::size_t most_intervals = 4;     // of a conjunction
constexpr std::size_t most_alternatives = 4;  // conjunctions of a record
constexpr std::uint64_t all_members = ValueSet::all_members;

// The values v of one argument for which (v & mask) - base is at most span; base + span may wrap, so every complement
// of an interval is one.
struct Look {
  std::uint32_t offset;  // of the argument, in seccomp_data or in the input, in bytes
  ValueSet set;

  bool wraps() const { return set.base + set.span < set.base; }
  bool picks() const { return set.members != all_members && set.span != 0; }
};

Look complement_of(const Look& look) {
  const ValueSet& set = look.set;
  return {look.offset, {set.mask, set.base + set.span + 1, ~std::uint64_t{0} - 1 - set.span}};
}

// The look as records take it: at an offset of the input. Nothing where no 64 bits of the input hold what it looks at.
std::optional<Look> place(const Look& look, const InputWords& input) {
  const auto place = input.place_of(look.offset, look.set.mask);
  if (!place) return std::nullopt;
  const auto set = moved(look.wraps() ? complement_of(look).set : look.set, place->left);
  if (!set) return std::nullopt;
  const Look placed{place->offset, *set};
  return look.wraps() ? complement_of(placed) : placed;
}

// Whether every value of `inner` is one of `outer`. False where it is not easily seen.
bool implies(const Look& inner, const Look& outer) {
  if (inner.offset != outer.offset || inner.wraps()) return false;
  if (!outer.wraps())
    return inner.set.mask == outer.set.mask && outer.set.members == all_members && outer.set.base <= inner.set.base &&
           inner.set.end() <= outer.set.end();
  // All values but those of `gap`: one value, from which those of `inner` differ in a bit that all of them share.
  const ValueSet gap = complement_of(outer).set;
  if (gap.span != 0) return false;
  const std::uint64_t differing = inner.set.base ^ inner.set.end();
  const std::uint64_t shared = differing == 0 ? ~std::uint64_t{0} : ~(~std::uint64_t{0} >> std::countl_zero(differing));
  return ((inner.set.base ^ gap.base) & shared & inner.set.mask & gap.mask) != 0;
}

// Looks that all must hold, each at another argument where they could be joined.
class Way {
 public:
  // False if more looks come together than a record can hold.
  bool add(const Look& look, const InputWords& input) {
    for (std::size_t i = 0; i < count_; ++i) {
      Look& old = looks_[i];
      if (implies(old, look)) return true;
      if (old.offset == look.offset && !old.wraps() && !look.wraps()) {
        const auto set = intersection(old.set, look.set);
        if (set && input.place_of(old.offset, set->mask)) {
          old.set = *set;
          return true;
        }
      }
      if (implies(look, old)) {
        old = look;
        return true;
      }
    }
    if (count_ == most_looks) return false;
    looks_[count_++] = look;
    return true;
  }

  // False if there are too many looks, or more than one picks members.
  bool write(callgate_conjunction& out, const Looks& looks) const {
    if (count_ > most_intervals) return false;
    std::array<Look, most_looks> ordered = looks_;
    const auto used = std::span(ordered).first(count_);
    if (std::ranges::count_if(used, &Look::picks) > 1) return false;
    std::stable_partition(used.begin(), used.end(), [](const Look& look) { return look.picks(); });
    out = {};
    out.members = ordered[0].picks() ? ordered[0].set.members : all_members;
    for (std::size_t i = 0; i < most_intervals; ++i) {
      // What is not needed looks where another look does, at a word that is in a register by then, and holds.
      const bool is_used = i < count_;
      const auto placed = place(ordered[is_used ? i : 0], looks.input);
      if (!placed) return false;
      out.offsets[i] = static_cast<std::uint16_t>(placed->offset);
      const ValueSet& set = placed->set;
      out.intervals[i] = is_used ? callgate_interval{set.mask, set.base, set.span} : callgate_interval{0, 0, 0};
    }
    return true;
  }

  // False if the looks that do not ask for bits that are 0, within 32 bytes of the input, are more than one, or pick
  // members.
  bool write(callgate_bounds& out, const Looks& looks) const {
    const InputWords& input = looks.input;
    if (input.end() < bounded_bytes) return false;
    for (const Look& look : std::span(looks_).first(count_)) {
      for (const std::uint32_t half : {look.offset, look.offset + 4}) {
        const auto offset = input.offset_of(half);
        if (!offset) continue;
        const std::uint32_t first = std::min(*offset, input.end() - bounded_bytes);
        if (input.holds(first, bounded_bytes) && write(out, input, first)) return true;
      }
    }
    return false;
  }

  // Whether it asks for what stands for "the working directory" (AT_FDCWD, linux/fcntl.h): most calls that may do so,
  // do.
  bool is_likely() const {
    return std::any_of(looks_.begin(), looks_.begin() + static_cast<std::ptrdiff_t>(count_), [](const Look& look) {
      return look.set.span == 0 && static_cast<std::uint32_t>(look.set.mask) == 0xffffffff &&
             static_cast<std::uint32_t>(look.set.base) == at_fdcwd;
    });
  }

  std::size_t size() const { return count_; }

 private:
  static constexpr std::uint32_t bounded_bytes = sizeof(callgate_bounds::zero);
  static constexpr std::uint32_t at_fdcwd = 0xffffff9c;

  // Adds the look to the bits that are 0 among those from `first` on, if it asks for that and they have them.
  static bool add_zero(callgate_bounds& out, const Look& look, const InputWords& input, std::uint32_t first) {
    if (look.set.span != 0 || look.set.base != 0) return false;
    const std::uint32_t halves[] = {static_cast<std::uint32_t>(look.set.mask),
                                    static_cast<std::uint32_t>(look.set.mask >> 32)};
    std::array<std::uint32_t, 2> word{};  // of each half, from `first` on
    for (std::uint32_t i = 0; i < 2; ++i) {
      const auto offset = input.offset_of(look.offset + 4 * i);
      if (halves[i] == 0) continue;
      if (!offset || *offset < first || *offset + 4 > first + bounded_bytes) return false;
      word[i] = (*offset - first) / 4;
    }
    for (std::uint32_t i = 0; i < 2; ++i) out.zero[word[i] / 2] |= std::uint64_t{halves[i]} << 32 * (word[i] % 2);
    return true;
  }

  bool write(callgate_bounds& out, const InputWords& input, std::uint32_t first) const {
    out = {};
    out.first = static_cast<std::uint16_t>(first);
    out.offset = out.first;
    bool has_interval = false;
    for (const Look& look : std::span(looks_).first(count_)) {
      if (add_zero(out, look, input, first)) continue;
      const auto placed = place(look, input);
      if (has_interval || look.picks() || !placed) return false;
      has_interval = true;
      out.offset = static_cast<std::uint16_t>(placed->offset);
      out.mask = placed->set.mask;
      out.base = placed->set.base;
      out.span = placed->set.span;
    }
    return true;
  }

  std::array<Look, most_looks> looks_{};
  std::size_t count_ = 0;
};

// An interval of all values with the same high bits, as these bits: such looks at one argument can be joined.
ValueSet as_bits(const ValueSet& set) {
  if (set.mask == 0 || set.members != all_members) return set;
  const std::uint64_t last = set.span | ((set.mask & (0 - set.mask)) - 1);
  if ((last & (last + 1)) != 0 || (set.base & last) != 0) return set;
  return ValueSet::single(set.mask & ~last, set.base);
}

// Where a choice leads if a look holds.
struct Edge {
  Look look;
  SwitchId target;
};

class EdgesOf {
 public:
  explicit EdgesOf(const Looks& looks) : looks_(looks) {}

  // The edges of a choice; together they hold for every value. False if it is no look, or has too many edges.
  bool find(SwitchId id) {
    edges.clear();
    const Switch& choice = looks_.choices[id];
    const auto subject = looks_.subject_of(choice);
    if (!subject) return false;
    return choice.has_ranges() ? of_ranges(choice, *subject) : of_bits(choice, *subject);
  }

  std::vector<Edge> edges;

 private:
  static constexpr std::size_t most_edges = 8;
  struct Run {
    std::uint64_t first, last;
  };

  bool of_bits(const Switch& choice, const Subject& subject) {
    const std::uint64_t mask = subject.mask & std::uint64_t{choice.mask()} << subject.shift;
    const Look none{subject.offset, ValueSet::single(mask, 0)};
    const bool is_one = std::has_single_bit(mask);
    const Look some = is_one ? Look{subject.offset, ValueSet::single(mask, mask)} : complement_of(none);
    edges = {{none, choice.otherwise()}, {some, choice.then()}};
    return true;
  }

  bool of_ranges(const Switch& choice, const Subject& subject) {
    const std::span<const Range> ranges = looks_.choices.ranges(choice);
    const std::uint64_t most = choice.is_wide() ? ~std::uint64_t{0} : 0xffffffff;
    const auto last_of = [&](std::size_t i) { return i + 1 < ranges.size() ? ranges[i + 1].start - 1 : most; };
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      const SwitchId target = ranges[i].target;
      const auto leads_there = [&](const Range& range) { return range.target == target; };
      if (std::any_of(ranges.begin(), ranges.begin() + static_cast<std::ptrdiff_t>(i), leads_there)) continue;
      runs_.clear();
      for (std::size_t k = i; k < ranges.size(); ++k) {
        if (leads_there(ranges[k])) runs_.push_back({ranges[k].start, last_of(k)});
      }
      if (!add(subject, target, most)) return false;
    }
    return true;
  }

  // The edges to one target, by its runs of values.
  bool add(const Subject& subject, SwitchId target, std::uint64_t most) {
    const std::uint64_t first = runs_.front().first;
    const std::uint64_t last = runs_.back().last;
    const auto interval = [&](std::uint64_t from, std::uint64_t to) {
      const ValueSet set{subject.mask, from << subject.shift, (to - from) << subject.shift};
      return Look{subject.offset, as_bits(set)};
    };
    if (runs_.size() == 2 && first == 0 && last == most) {
      edges.push_back({complement_of(interval(runs_[0].last + 1, runs_[1].first - 1)), target});
    } else if (runs_.size() > 1 && last - first < 64 && subject.shift == 0) {
      ValueSet set{subject.mask, first, last - first, 0};
      for (const Run& run : runs_) {
        for (std::uint64_t v = run.first; v <= run.last; ++v) set.members |= std::uint64_t{1} << (v - first);
      }
      edges.push_back({{subject.offset, set}, target});
    } else {
      if (edges.size() + runs_.size() > most_edges) return false;
      for (const Run& run : runs_) edges.push_back({interval(run.first, run.last), target});
    }
    return edges.size() <= most_edges;
  }

  const Looks& looks_;
  std::vector<Run> runs_;
};

// All ways from a choice to its two results.
class Ways {
 public:
  explicit Ways(const Looks& looks) : looks_(looks) {}

  Alternatives find(SwitchId id) {
    if (!follow(id, Way(), true, 0) || side_count_ != 2) return {};
    const bool first_is_less = sides_[0].cost() < sides_[1].cost();
    for (Side& side : sides_) {
      std::stable_partition(side.ways.begin(), side.ways.end(), [](const Way& way) { return way.is_likely(); });
    }
    Alternatives found;
    const auto write_either = [&](auto& records) {
      return write(records, first_is_less ? 0 : 1) || write(records, first_is_less ? 1 : 0);
    };
    if (write_either(found.bounds) && found.bounds.size() == 1) return found;
    write_either(found.conjunctions);
    const bool bounds_are_more = found.bounds.size() > found.conjunctions.size() && !found.conjunctions.empty();
    (bounds_are_more || found.bounds.empty() ? found.bounds.clear() : found.conjunctions.clear());
    return found;
  }

 private:
  static constexpr unsigned most_visits = 64;
  static constexpr unsigned most_depth = 16;

  struct Side {
    SwitchId result{};
    std::vector<Way> ways;
    bool fits = true;

    std::size_t cost() const {
      std::size_t looks = 0;
      for (const Way& way : ways) looks += way.size();
      return fits ? 2 * most_intervals * ways.size() + looks : ~std::size_t{0};
    }
  };

  // False if the residual is not of this kind at all, or neither side can be said.
  bool follow(SwitchId id, const Way& so_far, bool fits, unsigned depth) {
    if (++visits_ > most_visits || depth > most_depth) return false;
    if (looks_.is_result(id)) return take(id, so_far, fits);
    EdgesOf edges(looks_);
    if (!edges.find(id)) return false;
    for (const Edge& edge : edges.edges) {
      Way way = so_far;
      const bool still_fits = fits && way.add(edge.look, looks_.input);
      if (!follow(edge.target, way, still_fits, depth + 1)) return false;
    }
    return true;
  }

  bool take(SwitchId result, const Way& way, bool fits) {
    std::size_t i = 0;
    while (i < side_count_ && sides_[i].result != result) ++i;
    if (i == sides_.size()) return false;
    Side& side = sides_[i];
    if (i == side_count_) {
      ++side_count_;
      side.result = result;
    }
    side.fits = side.fits && fits && side.ways.size() < most_alternatives;
    if (side.fits) side.ways.push_back(way);
    return sides_[0].fits || sides_[1].fits;
  }

  // Writes the ways to one of the two results. False, and nothing is left, if records of this kind cannot say them.
  template <class Record>
  bool write(std::vector<Record>& records, std::size_t inside) const {
    const std::vector<Way>& ways = sides_[inside].ways;
    if (!sides_[inside].fits) return false;
    records.resize(ways.size());
    for (std::size_t i = 0; i < ways.size(); ++i) {
      if (ways[i].write(records[i], looks_)) continue;
      records.clear();
      return false;
    }
    records[0].outside = looks_.choices[sides_[1 - inside].result].result();
    records[0].flip = looks_.choices[sides_[inside].result].result() ^ records[0].outside;
    records[0].following = static_cast<std::uint32_t>(ways.size() - 1);
    return true;
  }

  const Looks& looks_;
  std::array<Side, 2> sides_;
  std::size_t side_count_ = 0;
  unsigned visits_ = 0;
};

}  // namespace

Alternatives find_alternatives(const Looks& looks, jit::SwitchId id) { return Ways(looks).find(id); }

}  // namespace callgate::detail
