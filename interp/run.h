// The interpreter on the instructions of a Program that lie elsewhere: a chain keeps a copy of them in sealed memory.
#pragma once

#include <cstdint>

#include "callgate/insn.hpp"

namespace callgate::interp {

// `program` is a copy of the instructions of a Program; nothing is checked. Same promises as interpret().
std::uint32_t run(const Insn* program, const SeccompData& data) noexcept;

}  // namespace callgate::interp
