// How instructions are spelt: what the assembler reads and the disassembler writes, accepted by seccomp or not.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "bpf/opcode.h"

namespace callgate::bpf {

inline constexpr std::array refused_opcodes = {
#define CALLGATE_REFUSED_OPCODE(code, mnemonic, form) OpcodeInfo{Opcode{code}, mnemonic, Form::form},
#include "bpf/refused_opcodes.inc"
#undef CALLGATE_REFUSED_OPCODE
};

// The first instruction for which `matches(info)` holds, accepted ones before refused ones, or null.
template <class Matches>
constexpr const OpcodeInfo* find_spelling(Matches matches) noexcept {
  for (const OpcodeInfo& info : opcode_table) {
    if (matches(info)) return &info;
  }
  for (const OpcodeInfo& info : refused_opcodes) {
    if (matches(info)) return &info;
  }
  return nullptr;
}

// How `code` is spelt, or null.
constexpr const OpcodeInfo* spelling_of(std::uint16_t code) noexcept {
  return find_spelling([code](const OpcodeInfo& info) { return static_cast<std::uint16_t>(info.opcode) == code; });
}

}  // namespace callgate::bpf
