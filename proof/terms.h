// Terms: what a register of a filter holds, as a function of the 16 words of struct seccomp_data. Equal terms have one
// number (hash-consing), and sums, bit operations with constants and shifts have one form each:
//
//   sums         a + 3·b + constant, summands in the order of their numbers; x - y is x + 4294967295·y, x << 4 is 16·x
//   bits         (t & mask) ^ flip, whatever mixture of and, or, xor with constants it came from
//   shifts       (t & mask) >> n
//
// Products of terms, quotients and shifts by a term are kept as they are: two of them are equal if their operands are.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "callgate/insn.hpp"
#include "proof/interval_set.h"

namespace callgate::proof {

inline constexpr std::uint32_t word_count = sizeof(SeccompData) / 4;
inline constexpr std::uint32_t nr_word = 0;
inline constexpr std::uint32_t arch_word = 1;

using Words = std::array<std::uint32_t, word_count>;
Words words_of(const SeccompData& data);
SeccompData data_of(const Words& words);

using TermId = std::uint32_t;

enum class TermOp : std::uint8_t { constant, word, add, mul, div, and_, or_, xor_, lsh, rsh, below };

// `below` is 1 where a < b, else 0. A division by 0 gives 0 here; filters end before they make one.
std::uint32_t apply(TermOp op, std::uint32_t a, std::uint32_t b);

struct Term {
  TermOp op;
  std::uint32_t a;      // the constant, the index of the word, or a term
  std::uint32_t b;      // a term
  std::uint16_t words;  // bit n: depends on word n

  friend constexpr bool operator==(const Term&, const Term&) = default;
};

// A term lies in a set.
struct Literal {
  TermId term;
  IntervalSet set;
};

// Not thread-safe: one walk, one table.
class Terms {
 public:
  Terms();

  const Term& operator[](TermId id) const { return terms_[id]; }
  std::size_t size() const { return terms_.size(); }
  bool is_constant(TermId id) const { return terms_[id].op == TermOp::constant; }
  bool is_constant(TermId id, std::uint32_t value) const { return is_constant(id) && terms_[id].a == value; }
  bool is_word(TermId id) const { return terms_[id].op == TermOp::word; }

  TermId constant(std::uint32_t value) { return intern(TermOp::constant, value, 0); }
  // The words have the lowest numbers: architecture, number, arguments, instruction pointer.
  TermId word(std::uint32_t index) const { return word_terms_[index]; }
  TermId make(TermOp op, TermId a, TermId b);
  TermId subtract(TermId a, TermId b) { return make(TermOp::add, a, make(TermOp::mul, b, constant(largest_word))); }

  // The same condition about the term that is left when everything that can be undone is undone. A constant term's set
  // is all or nothing.
  Literal literal(TermId term, IntervalSet set);

  std::uint32_t evaluate(TermId id, const Words& words) const;

 private:
  // A summand that is no constant, and what it is multiplied by.
  using Summand = std::pair<TermId, std::uint32_t>;
  struct Sum {
    std::vector<Summand> summands;
    std::uint32_t constant = 0;
  };
  struct Hash {
    std::size_t operator()(const Term& term) const;
  };

  TermId intern(TermOp op, std::uint32_t a, std::uint32_t b);
  TermId ordered(TermOp op, TermId a, TermId b) { return a < b ? intern(op, a, b) : intern(op, b, a); }
  void add_to(Sum& sum, TermId term, std::uint32_t factor) const;
  TermId sum_term(const Sum& sum);
  TermId add(TermId a, TermId b);
  TermId multiply(TermId a, TermId b);
  TermId and_constant(TermId term, std::uint32_t mask);
  TermId xor_constant(TermId term, std::uint32_t flip);
  TermId bits(TermOp op, TermId a, TermId b);
  TermId shift(TermOp op, TermId a, TermId b);
  bool undo(Literal& literal);
  bool undo_sum(Literal& literal);
  bool undo_bits(Literal& literal);

  std::vector<Term> terms_;
  std::unordered_map<Term, TermId, Hash> ids_;
  std::array<TermId, word_count> word_terms_{};
};

}  // namespace callgate::proof
