// Makes a filter tell its 32-bit result through the kernel without anything being executed: each return becomes one
// that carries some bits of the result, so a few versions of the filter give all of it.
//
//   RET K  becomes RET K with another constant.
//   RET A  becomes a jump to a tail behind the program, which shifts and masks A, makes it what the carrier needs, and
//          ends in RET A. The jump takes the place of one instruction, so no other jump changes.
//   A division by X = 0, which ends the program with 0, stays: no version returns 0 otherwise, and that is seen.
//
// Left out are only programs with RET A that have no room for the tail.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "callgate/insn.hpp"

namespace callgate::kernel {

// What brings the bits out of the kernel.
struct Carrier {
  std::uint32_t bits;   // of the result in each version
  std::uint32_t parts;  // versions that give all 32 bits
  Insn finish;          // OR or ADD of a constant: makes the carried value of the bits
};

// A seccomp filter that returns ERRNO, whose data the kernel caps at 4095.
extern const Carrier errno_carrier;

// A socket filter that lets 1 to 64 bytes of a packet of 64 pass.
extern const Carrier length_carrier;

inline constexpr std::uint32_t tail_length = 4;

// The filter that returns part `part` of the result of `program`, or nothing if it has no room for the tail.
std::optional<std::vector<Insn>> returning_part(std::span<const Insn> program, std::uint32_t part,
                                                const Carrier& carrier);

}  // namespace callgate::kernel
