// Residuals that are one look at one argument, as data.
#pragma once

#include <optional>

#include "callgate/chain.hpp"
#include "jit/switch.h"

namespace callgate::detail {

// The check that decides as the choice does: two constant results, by a set of values of one 64-bit argument (or of one
// of its halves, or under a mask) that an callgate_check can name. `layout` has both halves of every argument side by
// side.
std::optional<callgate_check> argument_check(const ir::Graph& graph, const jit::Switches& choices, jit::SwitchId id,
                                             const InputLayout& layout);

// Whether arguments can be read as 64 bits.
bool has_wide_arguments(const InputLayout& layout);

}  // namespace callgate::detail
