// From a baseline form to blocks: its basic blocks, with a test in front of every DIV X.
#pragma once

#include "ir/baseline.h"
#include "jit/result_blocks.h"

namespace callgate::jit {

// Appends the code of a unit's baseline form. Returns the block of the first instruction.
BlockId lower_baseline(ResultBlocks& results, const ir::Baseline& baseline, std::uint32_t unit);

// Whether its code uses stack slots.
bool needs_slots(const ir::Baseline& baseline);

}  // namespace callgate::jit
