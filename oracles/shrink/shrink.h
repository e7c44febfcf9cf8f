// From a filter that shows a failure to the smallest one found that still shows it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "callgate/insn.hpp"

namespace callgate::oracles {

struct ShrinkLimits {
  std::uint32_t max_questions = 20'000;
  double max_seconds = 60;
};

// Whether one more question may be asked.
class ShrinkBudget {
 public:
  explicit ShrinkBudget(const ShrinkLimits& limits);

  bool is_spent();  // by questions or by time
  void spend() { --left_; }

 private:
  std::uint32_t left_;  // questions
  std::chrono::steady_clock::time_point deadline_;
};

// Whether the failure is still there. The filter is never empty, but may be invalid.
using FilterStillFails = std::function<bool(std::span<const Insn>)>;

// Cuts the filter short, drops instructions, and makes jumps and constants smaller, as long as the failure stays; stops
// when nothing more can go. `filter` must fail, and may be invalid.
std::vector<Insn> shrink(std::vector<Insn> filter, const FilterStillFails& still_fails,
                         const ShrinkLimits& limits = {});

// One round of that. Whether the filter became smaller.
bool shrink_once(std::vector<Insn>& filter, const FilterStillFails& still_fails);

// `program` without instructions first .. first + count - 1; jumps to one of them go to what follows them. A jump that
// leaves the program still leaves it.
std::vector<Insn> without(const std::vector<Insn>& program, std::size_t first, std::size_t count);

template <class Item>
std::vector<Item> without(const std::vector<Item>& items, std::size_t first, std::size_t count) {
  std::vector<Item> kept(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(first));
  kept.insert(kept.end(), items.begin() + static_cast<std::ptrdiff_t>(first + count), items.end());
  return kept;
}

// Drops items, but never the last one, as long as the failure stays: halves first, then shorter runs. `still_fails`
// takes such a vector. Whether any went.
template <class Item, class StillFails>
bool drop_runs(std::vector<Item>& items, const StillFails& still_fails) {
  bool smaller = false;
  for (std::size_t run = items.size() / 2; run > 0; run /= 2) {
    for (std::size_t first = 0; run < items.size() && first + run <= items.size();) {
      std::vector<Item> candidate = without(items, first, run);
      if (still_fails(candidate)) {
        items = std::move(candidate);
        smaller = true;
      } else {
        first += run;
      }
    }
  }
  return smaller;
}

// Tries 0 and 1, then one bit less at a time, from the top. Whether `value` became smaller.
template <class Word, class StillFails>
bool clear_bits(Word& value, const StillFails& still_fails) {
  for (const Word small : {Word{0}, Word{1}}) {
    if (value <= small) return false;
    if (!still_fails(small)) continue;
    value = small;
    return true;
  }
  bool smaller = false;
  for (Word bit = Word{1} << (8 * sizeof(Word) - 1); bit != 0; bit >>= 1) {
    const Word without_bit = value & ~bit;
    if (without_bit == value || without_bit <= 1 || !still_fails(without_bit)) continue;
    value = without_bit;
    smaller = true;
  }
  return smaller;
}

}  // namespace callgate::oracles
