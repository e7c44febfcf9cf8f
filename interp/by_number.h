// What number and architecture alone settle of a filter, found by running it.
#pragma once

#include <cstdint>
#include <optional>

#include "callgate/insn.hpp"

namespace callgate::interp {

// The result of the filter for every call of this number and architecture; empty if the way to it comes by a load of
// another word. Of a verified program; nothing is checked. Same promises as interpret(). As
// seccomp_is_const_allow() in kernel/seccomp.c, but for all results.
std::optional<std::uint32_t> result_by_number(const Insn* program, std::uint32_t nr, std::uint32_t arch) noexcept;

}  // namespace callgate::interp
