// Facts about a value on one path: an interval, known bits, and a few constants that it is not equal to.
//
// The interval is a constant range as LLVM's ConstantRange, without wrap-around; the bits are LLVM's KnownBits, a tnum
// in the kernel's verifier (kernel/bpf/tnum.c). As in the kernel's reg_bounds_sync(), each of them narrows the other.
//
// A template over the width, so that tests can compare every operation with brute force on 8 bits. All comparisons are
// unsigned. Facts about a path that cannot be taken may say anything.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>

#include "ir/graph.h"
#include "ir/interner.h"

namespace callgate::ir {

// A question about a value: (value & mask) == k, value >= k, or (value & mask) != 0. For greater_equal the mask is all
// ones, for any_bit_set k is not used. No question is `greater`: x > k is the question x >= k + 1.
template <class Word>
struct Question {
  Compare compare;
  Word mask;
  Word k;
};

template <class Word>
class Facts {
 public:
  // Constants that a value is not; when there are more, the later ones are not kept.
  static constexpr std::uint32_t max_excluded = 6;

  static Facts exactly(Word value) { return between(value, value); }
  static Facts between(Word low, Word high) {
    Facts facts;
    facts.low_ = low;
    facts.high_ = high;
    facts.tighten();
    return facts;
  }

  // The least and the greatest value there may be.
  Word low() const { return low_; }
  Word high() const { return high_; }

  bool operator==(const Facts&) const = default;
  std::uint32_t hash() const {
    std::uint32_t h = mix(mix(low_, high_, known_), bits_, excluded_count_);
    for (std::uint32_t i = 0; i < excluded_count_; ++i) h = mix(h, excluded_[i], 0);
    return h;
  }

  // The answer, if the facts settle it.
  std::optional<bool> answer(const Question<Word>& q) const {
    switch (q.compare) {
      case Compare::any_bit_set:
        if ((known_ & bits_ & q.mask) != 0) return true;
        if ((q.mask & ~known_) == 0) return false;
        if (low_ > static_cast<Word>(~q.mask)) return true;  // too large for a value without these bits
        return std::nullopt;
      case Compare::greater_equal:
        if (low_ >= q.k) return true;
        if (high_ < q.k) return false;
        return std::nullopt;
      case Compare::equal:
      case Compare::greater: break;
    }
    return answer_equal(q);
  }

  // The facts once the question has been answered so.
  Facts after(const Question<Word>& q, bool yes) const {
    Facts facts = *this;
    switch (q.compare) {
      case Compare::any_bit_set: yes ? facts.learn_some_bit(q.mask) : facts.learn_bits(q.mask, 0); break;
      case Compare::greater_equal:
        if (yes && q.k > facts.low_) facts.low_ = q.k;
        if (!yes && q.k != 0 && static_cast<Word>(q.k - 1) < facts.high_) facts.high_ = static_cast<Word>(q.k - 1);
        break;
      case Compare::equal:
      case Compare::greater: yes ? facts.learn_bits(q.mask, q.k) : facts.learn_not_equal(q); break;
    }
    facts.tighten();
    return facts;
  }

 private:
  static constexpr Word all = static_cast<Word>(~Word{0});

  std::optional<bool> answer_equal(const Question<Word>& q) const {
    if (((q.k ^ bits_) & known_ & q.mask) != 0 || (q.k & static_cast<Word>(~q.mask)) != 0) return false;
    if ((q.mask & static_cast<Word>(~known_)) == 0) return true;
    if (q.mask == all && (q.k < low_ || q.k > high_ || excludes(q.k))) return false;
    return std::nullopt;
  }

  bool excludes(Word k) const {
    for (std::uint32_t i = 0; i < excluded_count_; ++i) {
      if (excluded_[i] == k) return true;
    }
    return false;
  }

  void learn_bits(Word mask, Word bits) {
    known_ = static_cast<Word>(known_ | mask);
    bits_ = static_cast<Word>((bits_ & static_cast<Word>(~mask)) | (bits & mask));
  }

  // One of the bits is set. If all others are known to be 0, it is the one that is not known.
  void learn_some_bit(Word mask) {
    const Word open = static_cast<Word>(mask & static_cast<Word>(~known_));
    if ((known_ & bits_ & mask) == 0 && std::has_single_bit(open)) learn_bits(open, open);
    const Word lowest = static_cast<Word>(mask & static_cast<Word>(-mask));
    if (lowest > low_) low_ = lowest;
  }

  void learn_not_equal(const Question<Word>& q) {
    if (q.mask != all) {  // if all bits but one are known to be equal, that one is not
      if (answer_equal(q)) return;
      const Word open = static_cast<Word>(q.mask & static_cast<Word>(~known_));
      if (std::has_single_bit(open)) learn_bits(open, static_cast<Word>(~q.k));
    } else if (!excludes(q.k) && q.k > low_ && q.k < high_) {
      if (excluded_count_ < max_excluded) excluded_[excluded_count_++] = q.k;
    } else if (q.k == low_ && low_ != high_) {
      ++low_;
    } else if (q.k == high_ && low_ != high_) {
      --high_;
    }
  }

  // Interval and known bits narrow each other.
  void tighten() {
    const Word least = static_cast<Word>(bits_ & known_);
    const Word most = static_cast<Word>(least | static_cast<Word>(~known_));
    if (least > low_) low_ = least;
    if (most < high_) high_ = most;
    while (low_ < high_ && excludes(low_)) ++low_;
    while (low_ < high_ && excludes(high_)) --high_;
    const Word differ = static_cast<Word>(low_ ^ high_);
    const Word common = differ == 0 ? all : static_cast<Word>(~(std::bit_floor(differ) * 2u - 1u));
    if (low_ <= high_) learn_bits(static_cast<Word>(common & static_cast<Word>(~known_)), low_);
    forget_outside();
  }

  // Excluded constants outside of the interval are redundant; without them, facts that mean the same are equal.
  void forget_outside() {
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < excluded_count_; ++i) {
      if (excluded_[i] > low_ && excluded_[i] < high_) excluded_[kept++] = excluded_[i];
    }
    for (std::uint32_t i = kept; i < excluded_count_; ++i) excluded_[i] = 0;
    excluded_count_ = kept;
  }

  Word low_ = 0;
  Word high_ = all;
  Word known_ = 0;  // which bits are known
  Word bits_ = 0;   // and their values
  std::uint32_t excluded_count_ = 0;
  std::array<Word, max_excluded> excluded_{};
};

}  // namespace callgate::ir
