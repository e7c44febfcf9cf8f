// The passes over a decision graph, in the order in which ir/plan.cc runs them. Each returns whether it changed anything.
// What a pass may and may not do is written down in ir/opt/README.md.
#pragma once

#include "ir/graph.h"

namespace callgate::ir {

bool fold_constants(Graph& graph);
bool remove_dead_nodes(Graph& graph);

}  // namespace callgate::ir
