// Text into a buffer of the caller's: what does not fit is dropped, but counted, as snprintf() does. No stdio.
#pragma once

#include <cstddef>
#include <cstdint>

namespace callgate::capi {

class Text {
 public:
  Text(char* out, std::size_t capacity) noexcept : out_(out), capacity_(out == nullptr ? 0 : capacity) {}

  Text& operator<<(const char* text) noexcept {
    for (; *text != '\0'; ++text) put(*text);
    return *this;
  }
  Text& operator<<(std::uint64_t value) noexcept {
    char digits[21];
    char* digit = digits + sizeof digits - 1;
    *digit = '\0';
    do {
      *--digit = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    return *this << digit;
  }

  // Ends the text, and returns the length of all of it.
  std::size_t finish() noexcept {
    if (capacity_ != 0) out_[length_ < capacity_ ? length_ : capacity_ - 1] = '\0';
    return length_;
  }

 private:
  void put(char c) noexcept {
    if (length_ + 1 < capacity_) out_[length_] = c;
    ++length_;
  }

  char* out_;
  std::size_t capacity_;
  std::size_t length_ = 0;
};

}  // namespace callgate::capi
