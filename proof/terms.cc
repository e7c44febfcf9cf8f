#include "proof/terms.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <optional>

namespace callgate::proof {

Words words_of(const SeccompData& data) {
  Words words;
  std::memcpy(words.data(), &data, sizeof words);
  return words;
}

SeccompData data_of(const Words& words) {
  SeccompData data;
  std::memcpy(&data, words.data(), sizeof data);
  return data;
}

std::uint32_t apply(TermOp op, std::uint32_t a, std::uint32_t b) {
  switch (op) {
    case TermOp::constant:
    case TermOp::word: return a;
    case TermOp::add: return a + b;
    case TermOp::mul: return a * b;
    case TermOp::div: return b == 0 ? 0 : a / b;
    case TermOp::and_: return a & b;
    case TermOp::or_: return a | b;
    case TermOp::xor_: return a ^ b;
    case TermOp::lsh: return a << (b & 31);
    case TermOp::rsh: return a >> (b & 31);
    case TermOp::below: return a < b ? 1 : 0;
  }
  return 0;
}

std::size_t Terms::Hash::operator()(const Term& term) const {
  std::uint64_t hash = (std::uint64_t{term.a} << 32 | term.b) ^ std::uint64_t{static_cast<unsigned>(term.op)} << 59;
  hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9;
  return static_cast<std::size_t>(hash ^ hash >> 29);
}

Terms::Terms() {
  // In the order in which a walk likes to ask about them.
  for (const std::uint32_t index : {1u, 0u, 5u, 4u, 7u, 6u, 9u, 8u, 11u, 10u, 13u, 12u, 15u, 14u, 3u, 2u}) {
    word_terms_[index] = intern(TermOp::word, index, 0);
  }
}

TermId Terms::intern(TermOp op, std::uint32_t a, std::uint32_t b) {
  Term term{op, a, b, 0};
  if (const auto found = ids_.find(term); found != ids_.end()) return found->second;
  const auto id = static_cast<TermId>(terms_.size());
  ids_.emplace(term, id);
  if (op == TermOp::word) {
    term.words = static_cast<std::uint16_t>(1u << a);
  } else if (op != TermOp::constant) {
    term.words = static_cast<std::uint16_t>(terms_[a].words | terms_[b].words);
  }
  terms_.push_back(term);
  return id;
}

TermId Terms::make(TermOp op, TermId a, TermId b) {
  if (is_constant(a) && is_constant(b)) return constant(apply(op, terms_[a].a, terms_[b].a));
  switch (op) {
    case TermOp::add: return add(a, b);
    case TermOp::mul: return multiply(a, b);
    case TermOp::and_:
    case TermOp::or_:
    case TermOp::xor_: return bits(op, a, b);
    case TermOp::lsh:
    case TermOp::rsh: return shift(op, a, b);
    case TermOp::div: return is_constant(b, 1) ? a : intern(op, a, b);
    case TermOp::below:
      if (a == b || is_constant(b, 0) || is_constant(a, largest_word)) return constant(0);
      return intern(op, a, b);
    case TermOp::constant:
    case TermOp::word: break;
  }
  return a;
}

namespace {
constexpr std::size_t longest_sum = 16;  // summands; longer ones are not put in order
}

void Terms::add_to(Sum& sum, TermId id, std::uint32_t factor) const {
  if (sum.summands.size() > longest_sum) return;  // terms share parts: their trees can be huge
  const Term& term = terms_[id];
  if (term.op == TermOp::constant) {
    sum.constant += term.a * factor;
  } else if (term.op == TermOp::add) {
    add_to(sum, term.a, factor);
    add_to(sum, term.b, factor);
  } else if (term.op == TermOp::mul && is_constant(term.b)) {
    sum.summands.emplace_back(term.a, terms_[term.b].a * factor);
  } else {
    sum.summands.emplace_back(id, factor);
  }
}

TermId Terms::sum_term(const Sum& sum) {
  std::map<TermId, std::uint32_t> factors;
  for (const auto& [term, factor] : sum.summands) factors[term] += factor;
  std::optional<TermId> result;
  for (const auto& [term, factor] : factors) {
    if (factor == 0) continue;
    const TermId product = factor == 1 ? term : intern(TermOp::mul, term, constant(factor));
    result = result ? intern(TermOp::add, *result, product) : product;
  }
  if (!result) return constant(sum.constant);
  return sum.constant == 0 ? *result : intern(TermOp::add, *result, constant(sum.constant));
}

TermId Terms::add(TermId a, TermId b) {
  Sum sum;
  add_to(sum, a, 1);
  add_to(sum, b, 1);
  return sum.summands.size() > longest_sum ? ordered(TermOp::add, a, b) : sum_term(sum);
}

TermId Terms::multiply(TermId a, TermId b) {
  if (is_constant(a)) std::swap(a, b);
  if (!is_constant(b)) return ordered(TermOp::mul, a, b);
  Sum sum;
  add_to(sum, a, terms_[b].a);
  return sum.summands.size() > longest_sum ? intern(TermOp::mul, a, b) : sum_term(sum);
}

TermId Terms::and_constant(TermId id, std::uint32_t mask) {
  const Term term = terms_[id];
  if (mask == 0) return constant(0);
  if (mask == largest_word) return id;
  if (term.op == TermOp::and_ && is_constant(term.b)) return and_constant(term.a, mask & terms_[term.b].a);
  if (term.op == TermOp::xor_ && is_constant(term.b)) {
    return xor_constant(and_constant(term.a, mask), terms_[term.b].a & mask);
  }
  if (term.op == TermOp::rsh && is_constant(term.b)) {
    const std::uint32_t amount = terms_[term.b].a;
    return shift(TermOp::rsh, and_constant(term.a, mask << amount), term.b);
  }
  return intern(TermOp::and_, id, constant(mask));
}

TermId Terms::xor_constant(TermId id, std::uint32_t flip) {
  const Term term = terms_[id];
  if (flip == 0) return id;
  if (term.op == TermOp::constant) return constant(term.a ^ flip);
  if (term.op == TermOp::xor_ && is_constant(term.b)) return xor_constant(term.a, terms_[term.b].a ^ flip);
  return intern(TermOp::xor_, id, constant(flip));
}

TermId Terms::bits(TermOp op, TermId a, TermId b) {
  if (is_constant(a)) std::swap(a, b);
  if (is_constant(b)) {
    const std::uint32_t value = terms_[b].a;
    if (op == TermOp::and_) return and_constant(a, value);
    if (op == TermOp::xor_) return xor_constant(a, value);
    return xor_constant(and_constant(a, ~value), value);
  }
  if (a == b) return op == TermOp::xor_ ? constant(0) : a;
  return ordered(op, a, b);
}

TermId Terms::shift(TermOp op, TermId a, TermId b) {
  if (!is_constant(b)) return is_constant(a, 0) ? a : intern(op, a, bits(TermOp::and_, b, constant(31)));
  const std::uint32_t amount = terms_[b].a & 31;
  if (amount == 0) return a;
  if (op == TermOp::lsh) return multiply(a, constant(std::uint32_t{1} << amount));
  const Term term = terms_[a];
  if (term.op == TermOp::constant) return constant(term.a >> amount);
  if (term.op == TermOp::rsh && is_constant(term.b)) {
    const std::uint32_t total = terms_[term.b].a + amount;
    return total > 31 ? constant(0) : shift(op, term.a, constant(total));
  }
  const TermId kept = and_constant(a, largest_word << amount);
  return is_constant(kept) ? constant(terms_[kept].a >> amount) : intern(op, kept, constant(amount));
}

Literal Terms::literal(TermId term, IntervalSet set) {
  Literal literal{term, std::move(set)};
  while (!literal.set.empty() && !literal.set.is_all() && undo(literal)) {
  }
  if (is_constant(literal.term)) {
    literal.set = literal.set.contains(terms_[literal.term].a) ? IntervalSet::all() : IntervalSet();
  }
  return literal;
}

namespace {
// Sets with more intervals are conditions on the masked word instead.
constexpr std::size_t most_intervals = 16;
}  // namespace

bool Terms::undo(Literal& literal) {
  const Term term = terms_[literal.term];
  switch (term.op) {
    case TermOp::add:
    case TermOp::mul: return undo_sum(literal);
    case TermOp::and_:
    case TermOp::xor_: return undo_bits(literal);
    case TermOp::rsh: {
      if (!is_constant(term.b)) return false;
      const std::uint32_t amount = terms_[term.b].a;
      const IntervalSet results = literal.set & IntervalSet(0, largest_word >> amount);
      IntervalSet before;
      for (const Interval& interval : results.intervals()) {
        before.append(interval.first << amount, interval.last << amount | ((std::uint32_t{1} << amount) - 1));
      }
      literal = {term.a, before};
      return true;
    }
    case TermOp::below: literal.set = literal.set & IntervalSet(0, 1); return false;
    default: return false;
  }
}

bool Terms::undo_sum(Literal& literal) {
  const Term term = terms_[literal.term];
  if (term.op == TermOp::add) {
    if (is_constant(term.b)) {
      literal = {term.a, literal.set.plus(0 - terms_[term.b].a)};
      return true;
    }
    // x - y and y - x are asked about as one of them.
    Sum sum;
    add_to(sum, literal.term, largest_word);
    if (sum.summands.size() > longest_sum) return false;
    const auto front = std::ranges::min_element(sum.summands);
    if (front->second >= 0x80000000 || front->second == 0) return false;
    literal = {sum_term(sum), literal.set.negated()};
    return true;
  }
  if (!is_constant(term.b)) return false;
  const std::uint32_t factor = terms_[term.b].a;
  if (factor == largest_word) {
    literal = {term.a, literal.set.negated()};
    return true;
  }
  if (!std::has_single_bit(factor)) return false;
  const auto amount = static_cast<unsigned>(std::countr_zero(factor));
  const std::uint32_t kept = largest_word >> amount;
  IntervalSet before;
  for (const Interval& interval : literal.set.intervals()) {
    const std::uint64_t first = (std::uint64_t{interval.first} + factor - 1) >> amount;
    const std::uint32_t last = interval.last >> amount;
    if (first <= last) before.append(static_cast<std::uint32_t>(first), last);
  }
  literal = {and_constant(term.a, kept), before};
  return true;
}

bool Terms::undo_bits(Literal& literal) {
  const Term term = terms_[literal.term];
  if (!is_constant(term.b)) return false;
  const std::uint32_t value = terms_[term.b].a;
  const std::uint32_t mask = term.op == TermOp::and_ ? value : largest_word;
  const std::uint32_t flip = term.op == TermOp::xor_ ? value : 0;
  if (const auto before = preimage_of_bits(literal.set, mask, flip, most_intervals)) {
    literal = {term.a, *before};
    return true;
  }
  if (term.op != TermOp::and_) return false;
  // One set for one meaning: only submasks count.
  literal.set = literal.set & IntervalSet(0, mask);
  return false;
}

std::uint32_t Terms::evaluate(TermId id, const Words& words) const {
  std::unordered_map<TermId, std::uint32_t> known;  // terms share parts, so that their trees can be huge
  std::vector<TermId> stack{id};
  while (!stack.empty()) {
    const TermId top = stack.back();
    const Term& term = terms_[top];
    if (term.op == TermOp::constant || term.op == TermOp::word) {
      known[top] = term.op == TermOp::constant ? term.a : words[term.a];
      stack.pop_back();
      continue;
    }
    const auto a = known.find(term.a);
    const auto b = known.find(term.b);
    if (a == known.end()) stack.push_back(term.a);
    if (b == known.end()) stack.push_back(term.b);
    if (a == known.end() || b == known.end()) continue;
    const std::uint32_t value = apply(term.op, a->second, b->second);
    known[top] = value;
    stack.pop_back();
  }
  return known.at(id);
}

}  // namespace callgate::proof
