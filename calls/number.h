// Numbers in lines of calls. Each form has one base: lines that people type are as in C, recordings and raw audit
// records are hexadecimal, strace marks what is hexadecimal.
#pragma once

#include <cstdint>
#include <string_view>

namespace callgate::calls {

enum class Number : std::uint8_t { ok, malformed, out_of_range };

// Reads a number as in C and as strace writes it: decimal, 0x hexadecimal, octal with a leading 0, of at most `bits`
// bits; a negative one becomes its two's complement.
Number parse_number(std::string_view word, unsigned bits, std::uint64_t& value);

// Reads a number whose base is known and not marked. No sign, and the whole word.
Number parse_digits(std::string_view digits, int base, unsigned bits, std::uint64_t& value);

}  // namespace callgate::calls
