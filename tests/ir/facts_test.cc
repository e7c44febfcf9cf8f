// Facts at 8 bits against brute force: beside the facts of a path walks the set of all values that can take it. An
// answer must be that of every such value, no such value may be lost, and what is easy to know must be known.
#include "ir/facts.h"

#include <gtest/gtest.h>

#include <bitset>
#include <vector>

#include "oracles/generator/random.h"

namespace callgate::ir {
namespace {

using Byte = std::uint8_t;
using F = Facts<Byte>;
using Q = Question<Byte>;
using Values = std::bitset<256>;

constexpr Byte all = 0xff;

bool holds_for(const Q& q, std::uint32_t value) {
  switch (q.compare) {
    case Compare::greater_equal: return value >= q.k;
    case Compare::any_bit_set: return (value & q.mask) != 0;
    default: return (value & q.mask) == q.k;
  }
}

Q equal(std::uint32_t k, std::uint32_t mask = all) {
  return {Compare::equal, static_cast<Byte>(mask), static_cast<Byte>(k)};
}
Q at_least(std::uint32_t k) { return {Compare::greater_equal, all, static_cast<Byte>(k)}; }
Q any_bit(std::uint32_t mask) { return {Compare::any_bit_set, static_cast<Byte>(mask), 0}; }

// Every question that a test can ask.
template <class Visit>
void for_each_question(Visit visit) {
  for (std::uint32_t k = 0; k < 256; ++k) {
    visit(at_least(k));
    visit(any_bit(k));
    for (std::uint32_t mask = 0; mask < 256; ++mask) visit(equal(k, mask));
  }
}

std::string shown(const Q& q) {
  const std::string k = std::to_string(q.k);
  const std::string mask = std::to_string(q.mask);
  if (q.compare == Compare::greater_equal) return "value >= " + k;
  return "(value & " + mask + ") " + (q.compare == Compare::equal ? "== " + k : "!= 0");
}

// A path: what is known on it, and the values that can take it.
struct Path {
  F facts;
  Values values = Values().set();
  std::string text;

  void take(const Q& q, bool yes) {
    facts = facts.after(q, yes);
    for (std::uint32_t v = 0; v < 256; ++v) {
      if (holds_for(q, v) != yes) values.reset(v);
    }
    text += shown(q) + (yes ? ": yes; " : ": no; ");
  }

  void expect_keeps_its_values() const {
    for (std::uint32_t v = 0; v < 256; ++v) {
      if (values[v]) {
        ASSERT_NE(facts.answer(equal(v)), std::optional(false)) << text << "loses " << v;
      }
    }
  }

  // The answer to q, if all values of this path give the same.
  std::optional<bool> truth(const Q& q) const {
    bool some[2] = {};
    for (std::uint32_t v = 0; v < 256; ++v) {
      if (values[v]) some[holds_for(q, v)] = true;
    }
    if (some[0] == some[1]) return std::nullopt;
    return some[1];
  }

  void expect_answers_truly(const Q& q) const {
    const auto answer = facts.answer(q);
    if (answer && values.any()) {
      ASSERT_EQ(answer, truth(q)) << text << shown(q) << "?";
    }
  }

  void expect_answers_fully(const Q& q) const {
    if (values.any()) {
      ASSERT_EQ(facts.answer(q), truth(q)) << text << shown(q) << "?";
    }
  }
};

// Questions after which nothing is left to ask of the same kind: whoever asks again gets the answer.
bool is_remembered(const Q& q, bool yes) {
  const bool one_bit = std::has_single_bit(q.mask);
  if (q.compare == Compare::equal) return yes || q.mask == all || one_bit || q.mask == 0 || (q.k & ~q.mask) != 0;
  return q.compare == Compare::greater_equal || !yes || one_bit;
}

TEST(Facts, NothingIsKnownAtFirst) {
  for_each_question([](const Q& q) { ASSERT_NO_FATAL_FAILURE(Path().expect_answers_fully(q)) << shown(q); });
}

TEST(Facts, EveryQuestionOnce) {
  for_each_question([](const Q& q) {
    for (const bool yes : {false, true}) {
      Path path;
      path.take(q, yes);
      if (path.values.none()) continue;
      ASSERT_NO_FATAL_FAILURE(path.expect_keeps_its_values());
      if (is_remembered(q, yes)) {
        ASSERT_NO_FATAL_FAILURE(path.expect_answers_fully(q));
      }
    }
  });
}

TEST(Facts, OfOneValueAnswerEverything) {
  for (std::uint32_t v = 0; v < 256; ++v) {
    const F facts = F::exactly(static_cast<Byte>(v));
    for_each_question([&](const Q& q) {
      if (facts.answer(q) != holds_for(q, v)) FAIL() << v << ": " << shown(q);
    });
  }
}

TEST(Facts, BetweenIsAnInterval) {
  for (std::uint32_t low = 0; low < 256; ++low) {
    for (std::uint32_t high = low; high < 256; ++high) {
      Path path;
      path.facts = F::between(static_cast<Byte>(low), static_cast<Byte>(high));
      path.values.reset();
      for (std::uint32_t v = low; v <= high; ++v) path.values.set(v);
      path.text = std::to_string(low) + " to " + std::to_string(high) + "; ";
      for (const std::uint32_t k : {low, high, low == 0 ? 0 : low - 1, std::min(high + 1, 255u), (low + high) / 2}) {
        ASSERT_NO_FATAL_FAILURE(path.expect_answers_fully(at_least(k)));
        ASSERT_NO_FATAL_FAILURE(path.expect_answers_fully(equal(k)));
        ASSERT_NO_FATAL_FAILURE(path.expect_answers_truly(any_bit(k)));
      }
      ASSERT_NO_FATAL_FAILURE(path.expect_answers_fully(any_bit(0x80))) << "the high bit, if both ends agree in it";
    }
  }
}

// Whether an answer is what brute force says: settled as yes, settled as no, or open.
bool is_answer(const std::optional<bool>& answer, bool yes, bool no) {
  return answer.has_value() ? (*answer ? yes : no) : !yes && !no;
}

// Comparisons alone leave an interval, which is known exactly.
TEST(Facts, EveryTwoComparisons) {
  for (std::uint32_t a = 0; a < 256; ++a) {
    for (std::uint32_t b = 0; b < 256; ++b) {
      for (std::uint32_t ways = 0; ways < 4; ++ways) {
        F facts;
        std::uint32_t low = 0;
        std::uint32_t end = 256;
        for (const auto& [k, yes] : {std::pair{a, (ways & 1) != 0}, {b, (ways & 2) != 0}}) {
          facts = facts.after(at_least(k), yes);
          if (yes) low = std::max(low, k);
          if (!yes) end = std::min(end, k);
        }
        if (low >= end) continue;
        for (const std::uint32_t k : {a, b, (a + b) / 2, std::min(a + 1, 255u), std::min(b + 1, 255u)}) {
          const bool inside = low <= k && k < end;
          const bool single = end - low == 1;
          if (!is_answer(facts.answer(at_least(k)), low >= k, k >= end))
            FAIL() << a << ' ' << b << ' ' << ways << ": >= " << k;
          if (!is_answer(facts.answer(equal(k)), inside && single, !inside))
            FAIL() << a << ' ' << b << ' ' << ways << ": == " << k;
        }
      }
    }
  }
}

// Bits that are known to be clear, and single ones that are set, are known exactly.
TEST(Facts, EveryTwoTestsOfBits) {
  for (std::uint32_t a = 0; a < 256; ++a) {
    for (std::uint32_t b = 0; b < 256; ++b) {
      const bool one_bit = std::has_single_bit(b);
      for (const bool second : {false, true}) {
        if (second && !one_bit) continue;
        Path path;
        path.take(any_bit(a), false);
        path.take(any_bit(b), second);
        for (const std::uint32_t k : {a, b, a | b, a & b, a ^ b, 0xffu}) {
          ASSERT_NO_FATAL_FAILURE(path.expect_answers_fully(any_bit(k)));
        }
        ASSERT_NO_FATAL_FAILURE(path.expect_keeps_its_values());
      }
    }
  }
}

TEST(Facts, RememberConstantsThatTheValueIsNot) {
  for (std::uint32_t count = 1; count <= F::max_excluded; ++count) {
    for (std::uint32_t first = 0; first + count * 3 < 256; ++first) {
      Path path;
      for (std::uint32_t i = 0; i < count; ++i) path.take(equal(first + 3 * i), false);
      for (std::uint32_t k = first; k < first + count * 3; ++k)
        ASSERT_NO_FATAL_FAILURE(path.expect_answers_fully(equal(k)));
    }
  }
}

// From the ends of the interval as many as come.
TEST(Facts, ExcludedEndsMoveTheInterval) {
  Path path;
  path.take(at_least(100), true);
  path.take(at_least(120), false);
  for (std::uint32_t k = 100; k < 119; ++k) {
    path.take(equal(k), false);
    ASSERT_NO_FATAL_FAILURE(path.expect_answers_fully(at_least(k + 1)));
  }
  ASSERT_NO_FATAL_FAILURE(path.expect_answers_fully(equal(119)));
  EXPECT_EQ(path.facts, F::exactly(119));
}

TEST(Facts, IntervalAndBitsLearnFromEachOther) {
  Path path;
  path.take(at_least(0x40), true);
  path.take(at_least(0x60), false);
  EXPECT_EQ(path.facts.answer(any_bit(0x40)), true) << "0x40 … 0x5f: the common prefix";
  EXPECT_EQ(path.facts.answer(any_bit(0xa0)), false);
  path = {};
  path.take(any_bit(0x80), true);
  EXPECT_EQ(path.facts.answer(at_least(0x80)), true) << "a high bit that is set makes the value large";
  path = {};
  path.take(any_bit(0xf0), false);
  EXPECT_EQ(path.facts.answer(at_least(0x10)), false) << "high bits that are clear make it small";
  path = {};
  path.take(any_bit(0xf0), true);
  EXPECT_EQ(path.facts.answer(at_least(0x10)), true) << "one of the high bits is set";
  path.take(any_bit(0xe0), false);
  EXPECT_EQ(path.facts.answer(any_bit(0x10)), true) << "and all but one are clear";
  path = {};
  path.take(any_bit(0xf0), true);
  EXPECT_EQ(path.facts.answer(any_bit(0xf0)), true) << "what a value below 16 cannot have";
  EXPECT_EQ(path.facts.answer(any_bit(0xf8)), true);
  EXPECT_EQ(path.facts.answer(any_bit(0x70)), std::nullopt);
  path = {};
  path.take(equal(0x20, 0xf0), true);
  path.take(equal(0x04, 0x06), true);
  path.take(equal(0x25, 0xf7), false);
  EXPECT_EQ(path.facts.answer(any_bit(0x01)), false) << "every other bit of the mask is as asked";
}

Q random_question(oracles::Random& random, const Path& path) {
  // Near the ends of what is left, where facts change.
  Byte k = static_cast<Byte>(random.below(256));
  if (path.values.any() && random.chance(60)) {
    const std::uint32_t from = random.below(256);
    for (std::uint32_t v = 0; v < 256; ++v) {
      if (!path.values[(from + v) % 256]) continue;
      k = static_cast<Byte>(from + v);
      break;
    }
  }
  switch (random.below(4)) {
    case 0: return at_least(k);
    case 1: return any_bit(random.chance(50) ? 1u << random.below(8) : random.below(256));
    case 2: return equal(k);
    default: {
      const std::uint32_t mask = random.below(256);
      return equal(random.chance(90) ? k & mask : k, mask);
    }
  }
}

TEST(Facts, RandomPaths) {
  oracles::Random random(1);
  std::uint32_t answered = 0;
  for (int i = 0; i < 60000; ++i) {
    Path path;
    for (std::uint32_t n = random.between(2, 10); n > 0 && path.values.any(); --n) {
      const Q q = random_question(random, path);
      ASSERT_NO_FATAL_FAILURE(path.expect_answers_truly(q));
      answered += path.facts.answer(q).has_value();
      path.take(q, random.chance(50));
    }
    if (path.values.none()) continue;
    ASSERT_NO_FATAL_FAILURE(path.expect_keeps_its_values());
    for (int n = 0; n < 8; ++n) ASSERT_NO_FATAL_FAILURE(path.expect_answers_truly(random_question(random, path)));
  }
  EXPECT_GT(answered, 50000u);
}

TEST(Facts, EqualOnesHashEqual) {
  oracles::Random random(2);
  std::vector<F> some;
  for (int i = 0; i < 300; ++i) {
    Path path;
    for (std::uint32_t n = random.between(1, 3); n > 0; --n)
      path.take(random_question(random, path), random.chance(50));
    some.push_back(path.facts);
  }
  std::uint32_t equal_pairs = 0;
  for (const F& a : some) {
    for (const F& b : some) {
      equal_pairs += a == b;
      if (a == b) {
        EXPECT_EQ(a.hash(), b.hash());
      }
    }
  }
  EXPECT_GT(equal_pairs, some.size());
}

// What was learnt in another order, or twice, looks the same: states with the same facts are one state.
TEST(Facts, LookTheSameWhereTheySayTheSame) {
  const auto after = [](std::initializer_list<std::pair<Q, bool>> questions) {
    F facts;
    for (const auto& [q, yes] : questions) facts = facts.after(q, yes);
    return facts;
  };
  EXPECT_EQ(after({{at_least(8), true}, {at_least(16), false}}), after({{equal(8, 0xf8), true}}));
  EXPECT_EQ(after({{at_least(8), true}, {at_least(8), true}}), after({{at_least(8), true}}));
  EXPECT_EQ(after({{equal(5), false}, {at_least(6), true}}), after({{at_least(6), true}})) << "5 is outside anyway";
  EXPECT_EQ(after({{equal(0), false}}), after({{at_least(1), true}}));
  EXPECT_EQ(after({{equal(255), false}}), after({{at_least(255), false}}));
  EXPECT_EQ(after({{equal(77), true}}), F::exactly(77));
}

// At 32 bits: the ends of the range and the sign bit are nothing special.
TEST(Facts, AtFullWidth) {
  using F32 = Facts<std::uint32_t>;
  using Q32 = Question<std::uint32_t>;
  constexpr std::uint32_t ones = 0xffffffff;
  const auto ge = [](std::uint32_t k) { return Q32{Compare::greater_equal, ones, k}; };
  const auto eq = [](std::uint32_t k) { return Q32{Compare::equal, ones, k}; };
  const auto bits = [](std::uint32_t mask) { return Q32{Compare::any_bit_set, mask, 0}; };
  EXPECT_EQ(F32().answer(ge(0)), true);
  EXPECT_EQ(F32().answer(ge(1)), std::nullopt);
  EXPECT_EQ(F32().answer(bits(0)), false);
  const F32 top = F32().after(ge(0x80000000), true);
  EXPECT_EQ(top.answer(bits(0x80000000)), true);
  EXPECT_EQ(top.answer(ge(0x7fffffff)), true);
  EXPECT_EQ(top.answer(eq(0x7fffffff)), false);
  EXPECT_EQ(top.answer(eq(ones)), std::nullopt);
  EXPECT_EQ(F32().after(ge(0x80000000), false).answer(bits(0x80000000)), false);
  EXPECT_EQ(F32().after(ge(ones), true), F32::exactly(ones));
  EXPECT_EQ(F32().after(ge(1), false), F32::exactly(0));
  EXPECT_EQ(F32().after(eq(ones), false).answer(ge(ones)), false);
  const F32 errno_range = F32().after({Compare::equal, 0xffff0000, 0x00050000}, true);
  EXPECT_EQ(errno_range.answer(ge(0x00050000)), true);
  EXPECT_EQ(errno_range.answer(ge(0x00060000)), false);
  EXPECT_EQ(errno_range.answer({Compare::equal, 0xffff0000, 0x7fff0000}), false);
}

}  // namespace
}  // namespace callgate::ir
