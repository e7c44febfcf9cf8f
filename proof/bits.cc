#include "proof/bits.h"

#include <algorithm>
#include <bit>

namespace callgate::proof {
namespace {

constexpr std::uint32_t below_bit(unsigned bit) { return (std::uint32_t{1} << bit) - 1; }

Known from_bits(std::uint32_t zeros, std::uint32_t ones) { return {zeros, ones, ones, ~zeros}; }
Known from_interval(std::uint32_t low, std::uint32_t high) { return {0, 0, low, high}; }

Known complement(const Known& a) { return {a.ones, a.zeros, ~a.high, ~a.low}; }

// A carry is known where the sums of the smallest and of the largest operands agree about it.
Known sum(const Known& a, const Known& b) {
  const std::uint32_t most = ~a.zeros + ~b.zeros;
  const std::uint32_t least = a.ones + b.ones;
  const std::uint32_t no_carry = ~(most ^ a.zeros ^ b.zeros);
  const std::uint32_t carry = least ^ a.ones ^ b.ones;
  const std::uint32_t known = (a.zeros | a.ones) & (b.zeros | b.ones) & (no_carry | carry);
  Known result{~most & known, least & known, 0, largest_word};
  const std::uint64_t low = std::uint64_t{a.low} + b.low;
  const std::uint64_t high = std::uint64_t{a.high} + b.high;
  if (low >> 32 == high >> 32) {
    result.low = static_cast<std::uint32_t>(low);
    result.high = static_cast<std::uint32_t>(high);
  }
  return result;
}

Known negative(const Known& a) { return sum(complement(a), Known::of(1)); }

Known product(const Known& a, const Known& b) {
  if (b.is_single() && std::has_single_bit(b.low)) {
    const auto amount = static_cast<unsigned>(std::countr_zero(b.low));
    Known result = from_bits(a.zeros << amount | below_bit(amount), a.ones << amount);
    if (a.high <= largest_word >> amount) {
      result.low = a.low << amount;
      result.high = a.high << amount;
    }
    return result;
  }
  if (b.is_single() && b.low == largest_word) return negative(a);
  const int trailing = std::min(std::countr_one(a.zeros) + std::countr_one(b.zeros), 32);
  Known result;
  result.zeros = trailing == 32 ? largest_word : below_bit(static_cast<unsigned>(trailing));
  if (std::uint64_t{a.high} * b.high <= largest_word) {
    result.low = a.low * b.low;
    result.high = a.high * b.high;
  }
  return result;
}

Known quotient(const Known& a, const Known& b) {
  return from_interval(b.low == 0 ? 0 : a.low / b.high, a.high / std::max(b.low, 1u));
}

Known shifted_right(const Known& a, const Known& b) {
  if (!b.is_single()) return from_interval(0, a.high);
  const std::uint32_t amount = b.low & 31;
  return {a.zeros >> amount | ~(largest_word >> amount), a.ones >> amount, a.low >> amount, a.high >> amount};
}

Known shifted_left(const Known& a, const Known& b) {
  if (!b.is_single()) return {};
  return product(a, Known::of(std::uint32_t{1} << (b.low & 31)));
}

Known comparison(const Known& a, const Known& b) {
  if (a.high < b.low) return Known::of(1);
  if (a.low >= b.high) return Known::of(0);
  return from_interval(0, 1);
}

}  // namespace

std::optional<std::uint32_t> next_with_bits(std::uint32_t from, const Known& known) {
  std::uint32_t value = from;
  while (true) {
    const std::uint32_t wrong = (value & known.zeros) | (~value & known.ones);
    if (wrong == 0) return value;
    auto bit = static_cast<unsigned>(std::bit_width(wrong) - 1);
    if ((value >> bit & 1) != 0) {  // it has to be 0, so that a higher bit has to rise
      do {
        if (++bit == 32) return std::nullopt;
      } while (((value | known.zeros) >> bit & 1) != 0);
    }
    value = (value & ~below_bit(bit)) | std::uint32_t{1} << bit | (known.ones & below_bit(bit));
  }
}

std::optional<std::uint32_t> previous_with_bits(std::uint32_t from, const Known& known) {
  const auto found = next_with_bits(~from, complement(known));
  return found ? std::optional(~*found) : std::nullopt;
}

bool settle(Known& known) {
  if ((known.zeros & known.ones) != 0 || known.low > known.high) return false;
  const auto low = next_with_bits(known.low, known);
  const auto high = previous_with_bits(known.high, known);
  if (!low || !high || *low > *high) return false;
  known.low = *low;
  known.high = *high;
  const auto same_from = static_cast<unsigned>(std::bit_width(known.low ^ known.high));
  const std::uint32_t same = same_from == 32 ? 0 : ~below_bit(same_from);
  known.zeros |= ~known.low & same;
  known.ones |= known.low & same;
  return true;
}

bool narrow(Known& known, const Known& other) {
  known.zeros |= other.zeros;
  known.ones |= other.ones;
  known.low = std::max(known.low, other.low);
  known.high = std::min(known.high, other.high);
  return settle(known);
}

bool narrow(Known& known, const IntervalSet& set) {
  if (!settle(known)) return false;
  std::optional<std::uint32_t> low;
  std::optional<std::uint32_t> high;
  for (const Interval& interval : set.intervals()) {
    if (interval.last < known.low) continue;
    if (interval.first > known.high) break;
    const auto first = next_with_bits(std::max(interval.first, known.low), known);
    if (!first || *first > std::min(interval.last, known.high)) continue;
    if (!low) low = first;
    high = previous_with_bits(std::min(interval.last, known.high), known);
  }
  if (!low) return false;
  known.low = *low;
  known.high = *high;
  return settle(known);
}

Known known_result(TermOp op, const Known& a, const Known& b) {
  Known result;
  switch (op) {
    case TermOp::constant:
    case TermOp::word: return {};
    case TermOp::add: result = sum(a, b); break;
    case TermOp::mul: result = a.is_single() && !b.is_single() ? product(b, a) : product(a, b); break;
    case TermOp::div: result = quotient(a, b); break;
    case TermOp::and_:
      result = from_bits(a.zeros | b.zeros, a.ones & b.ones);
      result.high = std::min({result.high, a.high, b.high});
      break;
    case TermOp::or_:
      result = from_bits(a.zeros & b.zeros, a.ones | b.ones);
      result.low = std::max({result.low, a.low, b.low});
      break;
    case TermOp::xor_:
      result = from_bits((a.zeros & b.zeros) | (a.ones & b.ones), (a.zeros & b.ones) | (a.ones & b.zeros));
      break;
    case TermOp::lsh: result = shifted_left(a, b); break;
    case TermOp::rsh: result = shifted_right(a, b); break;
    case TermOp::below: result = comparison(a, b); break;
  }
  if (a.is_single() && b.is_single()) result = Known::of(apply(op, a.low, b.low));
  settle(result);
  return result;
}

bool narrow_operands(TermOp op, const Known& result, Known& a, Known& b) {
  switch (op) {
    case TermOp::constant:
    case TermOp::word:
    case TermOp::div:
    case TermOp::lsh: return true;
    case TermOp::add:
      return narrow(a, known_result(TermOp::add, result, negative(b))) &&
             narrow(b, known_result(TermOp::add, result, negative(a)));
    case TermOp::mul:
      if (!b.is_single()) return true;
      if (b.low == largest_word) return narrow(a, negative(result));
      if (std::has_single_bit(b.low)) {
        const auto amount = static_cast<unsigned>(std::countr_zero(b.low));
        const std::uint32_t kept = largest_word >> amount;
        return narrow(a, from_bits(result.zeros >> amount & kept, result.ones >> amount & kept));
      }
      if (b.low % 2 == 1 && result.is_single()) {
        std::uint32_t inverse = 1;  // each of Newton's steps doubles the right bits
        for (int i = 0; i < 6; ++i) inverse *= 2 - b.low * inverse;
        return narrow(a, Known::of(result.low * inverse));
      }
      return true;
    case TermOp::and_:
      return narrow(a, from_bits(result.zeros & b.ones, result.ones)) &&
             narrow(b, from_bits(result.zeros & a.ones, result.ones));
    case TermOp::or_:
      return narrow(a, from_bits(result.zeros, result.ones & b.zeros)) &&
             narrow(b, from_bits(result.zeros, result.ones & a.zeros));
    case TermOp::xor_:
      return narrow(a, known_result(TermOp::xor_, from_bits(result.zeros, result.ones), b)) &&
             narrow(b, known_result(TermOp::xor_, from_bits(result.zeros, result.ones), a));
    case TermOp::rsh: {
      if (!b.is_single()) return true;
      const std::uint32_t amount = b.low & 31;
      const std::uint32_t lost = below_bit(amount);
      Known before{result.zeros << amount, result.ones << amount, 0, largest_word};
      if (result.high > largest_word >> amount) return narrow(a, before);
      before.low = result.low << amount;
      before.high = result.high << amount | lost;
      return narrow(a, before);
    }
    case TermOp::below:
      if (!result.is_single()) return true;
      if (result.low > 1) return false;
      if (result.low == 0) {
        return narrow(a, from_interval(b.low, largest_word)) && narrow(b, from_interval(0, a.high));
      }
      if (b.high == 0 || a.low == largest_word) return false;
      return narrow(a, from_interval(0, b.high - 1)) && narrow(b, from_interval(a.low + 1, largest_word));
  }
  return true;
}

}  // namespace callgate::proof
