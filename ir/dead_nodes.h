// The pass over a finished graph; all other rules are applied while nodes are made (ir/fold.h, compose/specialise.h).
// Returns whether it changed anything. What a pass may and may not do is written down in docs/optimiser.md.
#pragma once

#include <span>

#include "ir/graph.h"

namespace callgate::ir {

// `roots` get their new numbers.
bool remove_dead_nodes(Graph& graph, std::span<NodeId> roots);

}  // namespace callgate::ir
