// An instruction in the making.
#pragma once

#include "bpf/opcode.h"
#include "callgate/insn.hpp"

namespace callgate::oracles {

// Written in braces, whose parts are evaluated from left to right: function arguments are evaluated in any order, and
// two random draws among them would give each compiler its own programs.
struct Draft {
  bpf::Opcode op;
  std::uint32_t k = 0;
  std::uint32_t jt = 0;
  std::uint32_t jf = 0;
};

constexpr Insn insn(const Draft& d) {
  return {static_cast<std::uint16_t>(d.op), static_cast<std::uint8_t>(d.jt), static_cast<std::uint8_t>(d.jf), d.k};
}

// Offsets of the words of struct seccomp_data.
inline constexpr std::uint32_t offset_nr = 0;
inline constexpr std::uint32_t offset_arch = 4;
constexpr std::uint32_t low_half(std::uint32_t argument) { return 16 + 8 * argument; }
constexpr std::uint32_t high_half(std::uint32_t argument) { return low_half(argument) + 4; }

}  // namespace callgate::oracles
