#include "calls/number.h"

#include <charconv>

namespace callgate::calls {
namespace {

constexpr std::uint64_t largest(unsigned bits) { return ~std::uint64_t{0} >> (64 - bits); }

}  // namespace

Number parse_digits(std::string_view digits, int base, unsigned bits, std::uint64_t& value) {
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
  if (error == std::errc::invalid_argument || stop != end) return Number::malformed;
  return error != std::errc{} || value > largest(bits) ? Number::out_of_range : Number::ok;
}

Number parse_number(std::string_view word, unsigned bits, std::uint64_t& value) {
  const bool negative = word.starts_with('-');
  std::string_view digits = word.substr(negative ? 1 : 0);
  int base = 10;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    digits.remove_prefix(2);
    base = 16;
  } else if (digits.starts_with('0')) {
    base = 8;
  }
  const Number number = parse_digits(digits, base, bits, value);
  if (number != Number::ok || !negative) return number;
  if (value > std::uint64_t{1} << (bits - 1)) return Number::out_of_range;
  value = (std::uint64_t{0} - value) & largest(bits);
  return Number::ok;
}

}  // namespace callgate::calls
