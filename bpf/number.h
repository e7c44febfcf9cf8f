// Numbers of the assembler's text: as in C, and 0b for binary.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bpf/text.h"

namespace callgate::bpf {

// The value of a number without its sign. Nothing if it is malformed; more than 32 bits come back as too_large.
inline constexpr std::uint64_t too_large = std::uint64_t{1} << 32;

inline std::optional<std::uint64_t> parse_digits(std::string_view digits, std::uint32_t base) noexcept {
  if (digits.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : digits) {
    const std::uint32_t digit = is_digit(c)    ? static_cast<std::uint32_t>(c - '0')
                                : is_letter(c) ? static_cast<std::uint32_t>(lower(c) - 'a' + 10)
                                               : base;
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
    if (value > too_large) value = too_large;
  }
  return value;
}

inline std::optional<std::uint64_t> parse_magnitude(std::string_view text) noexcept {
  if (text.size() > 1 && text[0] == '0') {
    const char prefix = lower(text[1]);
    if (prefix == 'x') return parse_digits(text.substr(2), 16);
    if (prefix == 'b') return parse_digits(text.substr(2), 2);
    return parse_digits(text.substr(1), 8);
  }
  return parse_digits(text, 10);
}

}  // namespace callgate::bpf
