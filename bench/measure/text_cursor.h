// Reading a line of text piece by piece.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace callgate::bench {

// A line that is read from the front; cli::LineReader is the one that gets lines from a file.
class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : rest_(text) {}

  std::string_view rest() const { return rest_; }

  void skip_spaces() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

  bool skip(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }

  // A number in decimal, or in hexadecimal after "0x". Negative numbers are taken as 64-bit two's complement.
  std::optional<std::uint64_t> number() {
    const bool negative = skip("-");
    const std::optional<std::uint64_t> value = skip("0x") ? digits(16) : digits(10);
    if (!value) return std::nullopt;
    return negative ? std::uint64_t{0} - *value : *value;
  }

  std::optional<std::uint64_t> digits(int base) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value, base);
    if (error != std::errc{}) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  std::string_view name() {
    const std::size_t length = std::min(
        rest_.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"), rest_.size());
    const std::string_view name = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return name;
  }

 private:
  std::string_view rest_;
};

}  // namespace callgate::bench
