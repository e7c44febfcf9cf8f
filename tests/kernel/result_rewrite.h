// Makes a filter tell its 32-bit result through the kernel without anything being executed: each return becomes
// ERRNO with 12 bits of the result, so three versions of the filter give all of it.
//
//   RET K  becomes RET K with another constant.
//   RET A  becomes a jump to a tail behind the program, which shifts and masks A, makes it an ERRNO, and ends in
//          RET A. The jump takes the place of one instruction, so no other jump changes.
//   A division by X = 0, which ends the program with 0, stays: the kernel then kills the caller, and that is seen.
//
// Left out are only programs with RET A that have no room for the tail.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "callgate/insn.hpp"

namespace callgate::kernel {

inline constexpr std::uint32_t part_count = 3;
inline constexpr std::uint32_t tail_length = 4;

// The filter that returns part `part` of the result of `program`, or nothing if it has no room for the tail.
std::optional<std::vector<Insn>> returning_part(std::span<const Insn> program, std::uint32_t part);

// The bits of a result that a call's return value tells.
std::uint32_t part_from(std::int32_t value, std::uint32_t part);

}  // namespace callgate::kernel
