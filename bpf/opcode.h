// Decoding: from the 16-bit code of an instruction to its entry in the opcode table.
#pragma once

#include <array>
#include <cstdint>

#include "callgate/insn.hpp"

namespace callgate::bpf {

enum class Opcode : std::uint8_t {
#define CALLGATE_OPCODE(identifier, code, mnemonic, form) identifier = code,
#include "bpf/opcodes.inc"
#undef CALLGATE_OPCODE
};

// What an instruction carries beside its opcode.
enum class Form : std::uint8_t {
  none,        // nothing
  imm,         // k, a constant
  x,           // the X register
  a,           // the A register
  abs,         // k, a byte offset into struct seccomp_data
  scratch,     // k, a scratch slot
  len,         // the length of the input (64 for seccomp)
  jump,        // k, instructions to skip
  branch_imm,  // k to compare with, jt, jf
  branch_x,    // jt, jf; compares with X
  ind,         // k, a byte offset into a packet, added to X (refused_opcodes.inc)
  msh,         // k, a byte offset into a packet: four times the low half of that byte (refused_opcodes.inc)
};

struct OpcodeInfo {
  Opcode opcode;
  const char* mnemonic;
  Form form;
};

inline constexpr std::array opcode_table = {
#define CALLGATE_OPCODE(identifier, code, mnemonic, form) OpcodeInfo{Opcode::identifier, mnemonic, Form::form},
#include "bpf/opcodes.inc"
#undef CALLGATE_OPCODE
};

// Index into opcode_table for every code below 256, or -1. All accepted codes are below 256.
inline constexpr auto opcode_index = [] {
  std::array<std::int8_t, 256> index{};
  index.fill(-1);
  for (std::size_t i = 0; i < opcode_table.size(); ++i) {
    index[static_cast<std::size_t>(opcode_table[i].opcode)] = static_cast<std::int8_t>(i);
  }
  return index;
}();

// The table's entry for `code`, or null if seccomp does not accept it. Static storage.
constexpr const OpcodeInfo* find_opcode(std::uint16_t code) noexcept {
  if (code >= opcode_index.size() || opcode_index[code] < 0) return nullptr;
  return &opcode_table[static_cast<std::size_t>(opcode_index[code])];
}

// A bit for each code below 256 that seccomp accepts: 32 bytes, where the table with its names takes a thousand.
inline constexpr auto opcode_bits = [] {
  std::array<std::uint32_t, 8> bits{};
  for (const OpcodeInfo& info : opcode_table) {
    const auto code = static_cast<std::uint32_t>(info.opcode);
    bits[code / 32] |= std::uint32_t{1} << code % 32;
  }
  return bits;
}();

// Whether seccomp accepts `code`.
constexpr bool is_opcode(std::uint16_t code) noexcept {
  return code < 256 && (opcode_bits[code / 32] >> code % 32 & 1u) != 0;
}

// The opcode of an instruction of a verified program.
constexpr Opcode opcode_of(const Insn& insn) noexcept { return static_cast<Opcode>(insn.code); }

constexpr bool is_branch(Form form) noexcept { return form == Form::branch_imm || form == Form::branch_x; }

// The same from the code alone: BPF_CLASS() is BPF_JMP, and it is not BPF_JA.
constexpr bool is_branch(Opcode opcode) noexcept {
  return (static_cast<std::uint32_t>(opcode) & 7u) == 5 && opcode != Opcode::ja;
}

namespace detail {
constexpr bool sorted_by_code() {
  for (std::size_t i = 1; i < opcode_table.size(); ++i) {
    if (opcode_table[i - 1].opcode >= opcode_table[i].opcode) return false;
  }
  return true;
}
static_assert(sorted_by_code());
static_assert(opcode_table.size() == 41);

constexpr bool branches_agree() {
  for (const OpcodeInfo& info : opcode_table) {
    if (is_branch(info.opcode) != is_branch(info.form)) return false;
  }
  return true;
}
static_assert(branches_agree());
}  // namespace detail

}  // namespace callgate::bpf
