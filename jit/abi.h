// Where emitted code keeps things, per target. Emitted functions are `uint32_t f(const void* input)` in the C calling
// convention of the target; a second argument is ignored. The input is a SeccompData, or a frame that a layout describes.
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
#include "jit/assembler.h"

namespace callgate::jit {

struct Abi {
  Reg a = Reg::eax;
  Reg x = Reg::ecx;
  Reg input;
  std::int8_t first_slot;  // displacement of slot 0 from the stack pointer, in bytes
  bool has_frame;          // slots are in a frame that is made at entry, and the argument is above it
};

// Where the words of the input lie: displacements from the input register, in bytes, by index of word; or the constant
// that the layout makes of a word (graphs know it already, baseline forms ask here).
struct InputMap {
  std::array<std::int32_t, sizeof(SeccompData) / 4> at;
  std::array<bool, sizeof(SeccompData) / 4> is_constant;
};

inline constexpr InputMap seccomp_data_map = [] {
  InputMap map{};
  for (std::uint32_t word = 0; word < map.at.size(); ++word) map.at[word] = static_cast<std::int32_t>(4 * word);
  return map;
}();

inline constexpr Abi abi_x86_64{.input = Reg::edi, .first_slot = -128, .has_frame = false};
inline constexpr Abi abi_x86_32{.input = Reg::edx, .first_slot = 0, .has_frame = true};

// Stack slots of 4 bytes: M[0] .. M[15] in baseline form, where a graph has its temporaries; then the two below.
inline constexpr std::uint32_t slot_current = scratch_slots;  // the result so far (most_restrictive, several segments)
inline constexpr std::uint32_t slot_spill = scratch_slots + 1;
inline constexpr std::uint32_t slot_count = scratch_slots + 2;

}  // namespace callgate::jit
