// The parts of the engine: sets, known bits, terms, and the solver, each against trying out.
#include <gtest/gtest.h>

#include "oracles/generator/random.h"
#include "proof/bits.h"
#include "proof/solver.h"

namespace callgate::proof {
namespace {

using oracles::Random;

// Values where arithmetic changes its mind, and others.
std::uint32_t value(Random& random) {
  constexpr std::uint32_t edges[] = {0, 1, 2, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff, 0x40000000};
  switch (random.below(4)) {
    case 0: return random.pick(edges);
    case 1: return random.below(16);
    case 2: return std::uint32_t{1} << random.below(32);
    default: return random.word();
  }
}

IntervalSet set(Random& random) {
  IntervalSet result;
  for (std::uint32_t i = random.below(4); i > 0; --i) {
    const std::uint32_t a = value(random);
    const std::uint32_t b = random.chance(50) ? a : value(random);
    result = result | IntervalSet(std::min(a, b), std::max(a, b));
  }
  return result;
}

TEST(IntervalSets, AreSets) {
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    const IntervalSet a = set(random);
    const IntervalSet b = set(random);
    const std::uint32_t v = random.chance(50) && !a.empty() ? a.max() + random.below(3) - 1 : value(random);
    const std::uint32_t distance = value(random);
    ASSERT_EQ((a & b).contains(v), a.contains(v) && b.contains(v));
    ASSERT_EQ((a | b).contains(v), a.contains(v) || b.contains(v));
    ASSERT_EQ(a.complement().contains(v), !a.contains(v));
    ASSERT_EQ(a.plus(distance).contains(v + distance), a.contains(v));
    ASSERT_EQ(a.negated().contains(0 - v), a.contains(v));
    ASSERT_EQ(a.meets(b), !(a & b).empty());
    ASSERT_EQ(a.covers(b), (a & b) == b);
    ASSERT_EQ(a.complement().complement(), a);
    ASSERT_EQ(a.size() + a.complement().size(), std::uint64_t{1} << 32);
  }
}

TEST(IntervalSets, OfMaskedBits) {
  Random random(2);
  int exact = 0;
  for (int i = 0; i < 20'000; ++i) {
    const IntervalSet wanted = set(random);
    const std::uint32_t mask = value(random);
    const std::uint32_t flip = random.chance(50) ? 0 : value(random);
    const auto found = preimage_of_bits(wanted, mask, flip, 16);
    if (!found) continue;
    ++exact;
    for (int j = 0; j < 20; ++j) {
      const std::uint32_t v = value(random);
      ASSERT_EQ(found->contains(v), wanted.contains((v & mask) ^ flip));
    }
  }
  EXPECT_GT(exact, 10'000);
  // A prefix is an interval, the sign bit two.
  EXPECT_EQ(*preimage_of_bits(IntervalSet::of(0x12340000), 0xffff0000, 0, 1), IntervalSet(0x12340000, 0x1234ffff));
  EXPECT_FALSE(preimage_of_bits(IntervalSet::of(1), 1, 0, 16));
}

// What is known of two values, by covering up parts of them.
Known something_known_of(Random& random, std::uint32_t v) {
  Known known;
  const std::uint32_t shown = random.chance(30) ? largest_word : random.chance(50) ? random.word() & random.word() : 0;
  known.ones = v & shown;
  known.zeros = ~v & shown;
  if (random.chance(50)) {
    const std::uint32_t spread = value(random);
    known.low = v - std::min(v, spread);
    known.high = v + std::min(~v, spread / 2);
  }
  EXPECT_TRUE(settle(known));
  return known;
}

bool fits(const Known& known, std::uint32_t v) {
  return (v & known.zeros) == 0 && (~v & known.ones) == 0 && known.low <= v && v <= known.high;
}

TEST(KnownBits, AreTrueOfResultsAndOperands) {
  Random random(3);
  constexpr TermOp ops[] = {TermOp::add,  TermOp::mul, TermOp::div, TermOp::and_, TermOp::or_,
                            TermOp::xor_, TermOp::lsh, TermOp::rsh, TermOp::below};
  for (int i = 0; i < 200'000; ++i) {
    const TermOp op = random.pick(ops);
    std::uint32_t x = value(random);
    std::uint32_t y = value(random);
    if (op == TermOp::lsh || op == TermOp::rsh) y &= 31;
    Known a = something_known_of(random, x);
    Known b = something_known_of(random, y);
    if (op == TermOp::lsh || op == TermOp::rsh) {
      ASSERT_TRUE(narrow(b, IntervalSet(0, 31)));
    }
    const std::uint32_t z = apply(op, x, y);
    Known result = known_result(op, a, b);
    ASSERT_TRUE(fits(result, z)) << static_cast<int>(op) << " " << x << " " << y;
    ASSERT_TRUE(narrow(result, something_known_of(random, z)));
    ASSERT_TRUE(narrow_operands(op, result, a, b)) << static_cast<int>(op) << " " << x << " " << y;
    ASSERT_TRUE(fits(a, x) && fits(b, y)) << static_cast<int>(op) << " " << x << " " << y;
    IntervalSet around = set(random) | IntervalSet::of(z);
    ASSERT_TRUE(narrow(result, around));
    ASSERT_TRUE(fits(result, z));
  }
}

// A random term over three words, with its value computed beside it.
struct Valued {
  TermId term;
  std::uint32_t value;
};

Valued grow(Terms& terms, Random& random, const Words& words, int depth) {
  if (depth == 0 || random.chance(20)) {
    const std::uint32_t word = 4 + random.below(3);
    if (random.chance(70)) return {terms.word(word), words[word]};
    const std::uint32_t constant = value(random);
    return {terms.constant(constant), constant};
  }
  constexpr TermOp ops[] = {TermOp::add,  TermOp::mul, TermOp::div, TermOp::and_, TermOp::or_,
                            TermOp::xor_, TermOp::lsh, TermOp::rsh, TermOp::below};
  const TermOp op = random.pick(ops);
  const Valued a = grow(terms, random, words, depth - 1);
  const Valued b = random.chance(60) ? grow(terms, random, words, 0) : grow(terms, random, words, depth - 1);
  return {terms.make(op, a.term, b.term), apply(op, a.value, b.value)};
}

TEST(TermTables, NormalFormsKeepTheValue) {
  Random random(4);
  for (int i = 0; i < 20'000; ++i) {
    Terms terms;
    Words words{};
    for (std::uint32_t& word : words) word = value(random);
    const Valued made = grow(terms, random, words, 4);
    ASSERT_EQ(terms.evaluate(made.term, words), made.value);
    IntervalSet wanted = set(random);
    if (random.chance(30)) wanted = wanted | IntervalSet::of(made.value);
    const Literal literal = terms.literal(made.term, wanted);
    ASSERT_EQ(literal.set.contains(terms.evaluate(literal.term, words)), wanted.contains(made.value));
    // Nothing of a constant is left to ask.
    if (terms.is_constant(literal.term)) {
      ASSERT_TRUE(literal.set.empty() || literal.set.is_all());
    }
  }
}

TEST(TermTables, EqualFormsAreOneTerm) {
  Terms terms;
  const TermId a = terms.word(4);
  const TermId b = terms.word(6);
  const auto c = [&](std::uint32_t v) { return terms.constant(v); };
  const auto make = [&](TermOp op, TermId x, TermId y) { return terms.make(op, x, y); };
  EXPECT_EQ(make(TermOp::add, a, b), make(TermOp::add, b, a));
  EXPECT_EQ(terms.subtract(make(TermOp::add, a, b), b), a);
  EXPECT_EQ(make(TermOp::lsh, a, c(3)), make(TermOp::mul, a, c(8)));
  EXPECT_EQ(make(TermOp::or_, a, c(0xff)), make(TermOp::xor_, make(TermOp::and_, a, c(0xffffff00)), c(0xff)));
  EXPECT_EQ(make(TermOp::and_, make(TermOp::rsh, a, c(8)), c(0xff)),
            make(TermOp::rsh, make(TermOp::and_, a, c(0xff00)), c(8)));
  EXPECT_EQ(make(TermOp::xor_, a, a), c(0));
  // x - y = 0 and y - x = 0 are one question.
  EXPECT_EQ(terms.literal(terms.subtract(a, b), IntervalSet::of(0)).term,
            terms.literal(terms.subtract(b, a), IntervalSet::of(0)).term);
}

// Sums of sums of themselves have 2^n summands when written out.
TEST(TermTables, SharedTermsAreNotWrittenOut) {
  Terms terms;
  TermId sum = terms.word(4);
  for (std::uint32_t i = 0; i < 60; ++i) {
    const TermId product = terms.make(TermOp::mul, sum, terms.word(4 + i % 12));
    sum = terms.make(TermOp::add, terms.make(TermOp::add, sum, product), sum);
  }
  Words words{};
  words.fill(3);
  EXPECT_EQ(terms.evaluate(sum, words), terms.evaluate(sum, words));
  EXPECT_LT(terms.size(), 2000u);
}

TEST(ProofSolver, FindsACallOrProvesThatThereIsNone) {
  Random random(5);
  int yes = 0;
  int no = 0;
  int unknown = 0;
  for (int i = 0; i < 5'000; ++i) {
    Terms terms;
    Words words{};
    for (std::uint32_t& word : words) word = value(random);
    std::vector<Literal> literals;
    bool holds = true;
    for (std::uint32_t j = 1 + random.below(4); j > 0; --j) {
      const Valued made = grow(terms, random, words, 2);
      IntervalSet wanted = set(random);
      if (random.chance(60)) wanted = wanted | IntervalSet::of(made.value);
      holds &= wanted.contains(made.value);
      literals.push_back(random.chance(50) ? terms.literal(made.term, wanted) : Literal{made.term, wanted});
    }
    std::uint64_t steps = 300;
    const Solution solution = solve(terms, literals, steps);
    yes += solution.answer == Answer::yes;
    no += solution.answer == Answer::no;
    unknown += solution.answer == Answer::unknown;
    if (holds) {
      ASSERT_NE(solution.answer, Answer::no);
    }
    if (solution.answer != Answer::yes) continue;
    for (const Literal& literal : literals) {
      ASSERT_TRUE(literal.set.contains(terms.evaluate(literal.term, solution.words)));
    }
  }
  EXPECT_GT(yes, 2000);
  EXPECT_GT(no, 1000);
  EXPECT_LT(unknown, 500);
}

}  // namespace
}  // namespace callgate::proof
