// What a graph decides by system call number and architecture alone.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "ir/graph.h"

namespace callgate::ir {

// Numbers `first` … `first` + number_count - 1 of one architecture are decided together.
inline constexpr std::uint32_t number_count = 512;

using NumberResults = std::span<std::optional<std::uint32_t>, number_count>;

// Where a test cannot be decided for a whole set at once (JSET, arithmetic on the number), numbers are asked one by one;
// after this many steps the rest stays undecided. Real filters take none.
inline constexpr std::uint32_t max_number_steps = 1u << 18;

// For each number the graph's result, or nothing where the walk comes to a test or a leaf that depends on more than
// number and architecture. The kernel's seccomp_is_const_allow() asks the same of one number at a time; here sets of
// numbers flow through the graph, so that a ladder of n tests costs n steps and not n for each number.
// No number may wrap around. May throw std::bad_alloc.
void results_by_number(const Graph& graph, std::uint32_t arch, std::uint32_t first, NumberResults results);

}  // namespace callgate::ir
