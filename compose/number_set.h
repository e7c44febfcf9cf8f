// A set of the numbers of a domain.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "compose/call_class.h"

namespace callgate::compose {

// A set of numbers, relative to the first of a domain.
class NumberSet {
 public:
  bool operator==(const NumberSet&) const = default;

  static NumberSet all() {
    NumberSet set;
    set.words_.fill(~std::uint64_t{0});
    return set;
  }

  bool contains(std::uint32_t n) const { return (words_[n / 64] >> n % 64 & 1) != 0; }
  bool empty() const {
    return std::all_of(words_.begin(), words_.end(), [](std::uint64_t word) { return word == 0; });
  }
  std::uint32_t size() const {
    std::uint32_t count = 0;
    for (const std::uint64_t word : words_) count += static_cast<std::uint32_t>(std::popcount(word));
    return count;
  }
  void insert(std::uint32_t n) { words_[n / 64] |= std::uint64_t{1} << n % 64; }
  void insert(const NumberSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }
  // The numbers first … first + 63, one bit each; `first` is a multiple of 64.
  void insert_word(std::uint32_t first, std::uint64_t bits) { words_[first / 64] |= bits; }
  void keep(const NumberSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
  }
  void remove(const NumberSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other.words_[i];
  }
  // Takes one number out. False if it is not in.
  bool take(std::uint32_t n) {
    if (n >= numbers_per_domain || !contains(n)) return false;
    words_[n / 64] &= ~(std::uint64_t{1} << n % 64);
    return true;
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::uint32_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t word = words_[i]; word != 0; word &= word - 1) {
        visit(i * 64 + static_cast<std::uint32_t>(std::countr_zero(word)));
      }
    }
  }
  // visit(first, end) for each run of neighbours that are in.
  template <class Visit>
  void for_each_run(Visit visit) const {
    for (std::uint32_t first = next(0, true); first < numbers_per_domain;) {
      const std::uint32_t end = next(first, false);
      visit(first, end);
      first = next(end, true);
    }
  }
  // Moves the numbers from `begin` on out of this set.
  NumberSet split_off(std::uint32_t begin) {
    NumberSet upper;
    for (std::uint32_t i = begin / 64; i < words_.size(); ++i) {
      const std::uint64_t mask = i == begin / 64 ? ~std::uint64_t{0} << begin % 64 : ~std::uint64_t{0};
      upper.words_[i] = words_[i] & mask;
      words_[i] &= ~mask;
    }
    return upper;
  }

 private:
  // The first number from n on that is in, or is not; numbers_per_domain if there is none.
  std::uint32_t next(std::uint32_t n, bool is_in) const {
    for (; n < numbers_per_domain; n = (n / 64 + 1) * 64) {
      const std::uint64_t word = (is_in ? words_[n / 64] : ~words_[n / 64]) >> n % 64;
      if (word != 0) return n + static_cast<std::uint32_t>(std::countr_zero(word));
    }
    return n;
  }

  std::array<std::uint64_t, numbers_per_domain / 64> words_{};
};

}  // namespace callgate::compose
