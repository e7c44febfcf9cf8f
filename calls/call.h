// A system call as a line of text tells it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "callgate/insn.hpp"

namespace callgate::calls {

// What a line does not tell is not 0: a decision may be made for it only if it does not depend on it.
struct Call {
  SeccompData data{};     // bits that are not known are 0
  SeccompData unknown{};  // set bits: those of `data` that the line does not tell
  SeccompData omitted{};  // set bits: those that whoever typed the line left out, and that are taken as 0
  // Bit i: argument i was written as a negative int. It is what the C library of GNU passes, the low half alone; others
  // (musl, Go) extend its sign.
  std::uint8_t negative_ints = 0;
  // Bit i: argument i was written as a negative number of 32 bits, and taken as one of 64. If it is an int, the C
  // library of GNU passes the low half alone.
  std::uint8_t negative_longs = 0;
  std::uint8_t shown = 0;  // how many arguments the line shows
  std::uint64_t line = 0;  // where the call begins, counted from 1
};

constexpr std::size_t argument_count = 6;

// The same call with the sign of its negative ints extended.
inline SeccompData sign_extended(const Call& call) {
  SeccompData data = call.data;
  for (std::size_t i = 0; i < argument_count; ++i) {
    if ((call.negative_ints >> i & 1) != 0) data.args[i] |= 0xffffffff00000000;
  }
  return data;
}

// The same call with what would be passed if its negative longs were ints.
inline SeccompData cut_to_ints(const Call& call) {
  SeccompData data = call.data;
  for (std::size_t i = 0; i < argument_count; ++i) {
    if ((call.negative_longs >> i & 1) != 0) data.args[i] &= 0xffffffff;
  }
  return data;
}

// Whether registers of the architecture have 32 bits, so that the upper half of every argument is 0
// (__AUDIT_ARCH_64BIT is not set).
constexpr bool has_32_bit_registers(std::uint32_t arch) { return (arch & 0x80000000) == 0; }

}  // namespace callgate::calls
