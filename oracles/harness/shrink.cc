#include "oracles/harness/shrink.h"

#include <algorithm>
#include <utility>

#include "verifier/verify.h"

namespace callgate::oracles {
namespace {

bool is_valid(std::span<const Insn> filter) { return !verifier::check(filter); }

class Shrinker {
 public:
  Shrinker(Failing failing, const StillFails& still_fails, const ShrinkLimits& limits)
      : best_(std::move(failing)), still_fails_(still_fails), budget_(limits) {}

  Failing run() {
    for (bool smaller = true; smaller && !budget_.is_spent();) {
      smaller = drop_filters();
      for (std::size_t i = 0; i < best_.filters.size(); ++i) smaller |= shrink_filter(i);
      smaller |= shrink_input();
    }
    return std::move(best_);
  }

 private:
  bool fails(const Failing& candidate) {
    if (budget_.is_spent()) return false;
    if (!std::all_of(candidate.filters.begin(), candidate.filters.end(), is_valid)) return false;
    budget_.spend();
    return still_fails_(candidate);
  }

  bool drop_filters() {
    return drop_runs(best_.filters, [&](const std::vector<std::vector<Insn>>& fewer) {
      return fails({fewer, best_.rule, best_.input});
    });
  }

  bool shrink_filter(std::size_t i) {
    return shrink_once(best_.filters[i], [&, candidate = best_](std::span<const Insn> filter) mutable {
      candidate.filters[i].assign(filter.begin(), filter.end());
      return fails(candidate);
    });
  }

  bool shrink_input() {
    Failing candidate = best_;
    bool smaller = false;
    const auto shrink_word = [&](auto& word) {
      smaller |= clear_bits(word, [&](auto fewer) {
        const auto before = std::exchange(word, fewer);
        const bool still = fails(candidate);
        word = before;
        return still;
      });
    };
    shrink_word(candidate.input.nr);
    shrink_word(candidate.input.arch);
    shrink_word(candidate.input.instruction_pointer);
    for (std::uint64_t& argument : candidate.input.args) shrink_word(argument);
    best_ = std::move(candidate);
    return smaller;
  }

  Failing best_;
  const StillFails& still_fails_;
  ShrinkBudget budget_;
};

}  // namespace

Failing shrink(Failing failing, const StillFails& still_fails, const ShrinkLimits& limits) {
  return Shrinker(std::move(failing), still_fails, limits).run();
}

}  // namespace callgate::oracles
