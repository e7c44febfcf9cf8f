// The action table: what a chain decides for each system call number when number and architecture alone decide it.
#pragma once

#include <cstdint>
#include <span>

#include "callgate/chain.hpp"
#include "ir/plan.h"

namespace callgate::detail {

using ActionTable = std::span<std::uint32_t, action_table_entries>;

// Fills the table of the chain that has this plan, in the three domains of numbers; entries of calls that number and
// architecture do not decide become residual_marker. Filters in straight form decide nothing here. May throw
// std::bad_alloc.
void fill(ActionTable table, const ir::Plan& plan, MergeRule rule);

}  // namespace callgate::detail
