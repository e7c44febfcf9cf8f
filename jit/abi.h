// Where emitted code keeps things, per target. Emitted functions are `uint32_t f(const void* input)` in the C calling
// convention of the target; a second argument is ignored. An InputMap says where the words
// of the input lie.
//
//              A     X     input                          stack slots
//   x86_64     eax   ecx   rdi (the argument)             red zone below rsp
//   x86_32     eax   ecx   edx (loaded from the stack)    frame of its own
//
// A division needs edx; on x86_32 the input is loaded again after it. Nothing is saved or restored: only registers that
// the callee may clobber are used. No vector register, no call, no access outside of the input and the slots.
#pragma once

#include <array>
#include <cstdint>

#include "callgate/insn.hpp"
#include "ir/input_schema.h"
#include "jit/assembler.h"

namespace callgate::jit {

struct Abi {
  Reg a = Reg::eax;
  Reg x = Reg::ecx;
  Reg input;
  std::int8_t first_slot;  // displacement of slot 0 from the stack pointer, in bytes
  bool has_frame;          // slots are in a frame that is made at entry, and the argument is above it
};

// Where the words of an input lie: displacements from the input register, in bytes, by index of word; or the constant
// that the caller's layout makes of a word (graphs have it already, baseline forms find it here).
struct InputMap {
  ir::InputSchema schema;
  std::array<std::int32_t, ir::max_input_words> at{};
  std::array<bool, ir::max_input_words> is_constant{};

  // Whether every 64-bit value that is not constant can be read as one 64-bit word in memory, low half first. A value
  // of which one half is constant cannot. The one answer to this question: an offset may be any number.
  constexpr bool halves_adjoin() const {
    for (std::uint32_t high = 0; high < schema.words(); ++high) {
      if (!schema.is_high_half(high)) continue;
      const std::uint32_t low = high - 1;
      if (is_constant[low] && is_constant[high]) continue;
      if (is_constant[low] || is_constant[high] || std::int64_t{at[high]} - at[low] != 4) return false;
    }
    return true;
  }
};

// An input whose words lie as its schema has them.
constexpr InputMap identity_map(const ir::InputSchema& schema) {
  InputMap map{.schema = schema};
  for (std::uint32_t word = 0; word < schema.words(); ++word) map.at[word] = static_cast<std::int32_t>(4 * word);
  return map;
}

inline constexpr Abi abi_x86_64{.input = Reg::edi, .first_slot = -128, .has_frame = false};
inline constexpr Abi abi_x86_32{.input = Reg::edx, .first_slot = 0, .has_frame = true};

// Stack slots of 4 bytes: M[0] .. M[15] in baseline form, where a graph has its temporaries; then the two below.
inline constexpr std::uint32_t slot_current = scratch_slots;  // the current result (where units are merged)
inline constexpr std::uint32_t slot_spill = scratch_slots + 1;
inline constexpr std::uint32_t slot_count = scratch_slots + 2;

}  // namespace callgate::jit
