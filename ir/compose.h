// The graph of a chain from the graph of its newest filter and the graph of the filters below it.
#pragma once

#include <optional>

#include "callgate/options.hpp"
#include "ir/graph.h"

namespace callgate::ir {

// A composition of more nodes than this is refused; the filters then stay separate segments (ir/plan.h).
inline constexpr std::uint32_t max_composed_nodes = 16384;

// Nodes that are looked at while a graph is copied below the leaves of another, however few remain of each copy.
inline constexpr std::uint32_t max_copied_nodes = 64 * max_composed_nodes;

// What `newer` and then `older` decide together. Both have the form that build() gives (plain ALLOW, computed leaves
// that are never ALLOW), and so has the result. Empty when it would be over one of these budgets.
//
// first_non_allow: an ALLOW leaf of `newer` goes on into `older`. most_restrictive: every leaf of `newer` goes on into a
// copy of `older` whose leaves are merged with it; what cannot be stricter folds away. May throw std::bad_alloc.
std::optional<Graph> compose(const Graph& newer, const Graph& older, MergeRule rule);

}  // namespace callgate::ir
