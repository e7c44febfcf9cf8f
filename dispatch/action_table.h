// The action table of a chain: what number and architecture decide, and where the code for the other calls is.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "callgate/chain.hpp"
#include "ir/plan.h"

namespace callgate::detail {

using ActionTable = std::span<std::uint32_t, action_table_words>;

// What is left to decide: the distinct roots of the newest segment that are not plain results.
struct Residuals {
  static constexpr std::uint32_t none = 0xffffffff;
  std::vector<ir::NodeId> roots;
  std::vector<std::uint32_t> of_class;  // by class (ir/call_class.h): index into roots, or none
};

// The result of the whole chain for a root that is a constant, if the table can hold it.
Residuals find_residuals(const ir::Plan& plan, MergeRule rule);

// entries[0] is where the code of the whole chain lies, entries[i + 1] that of residual i, in bytes from the start. Without
// entries, all residual words name the start.
void fill(ActionTable table, const ir::Plan& plan, MergeRule rule, const Residuals& residuals,
          std::span<const std::uint32_t> entries);

}  // namespace callgate::detail
