// What of a graph some nodes reach.
#pragma once

#include <cstddef>
#include <span>

#include "ir/graph.h"

namespace callgate::ir {

// The nodes and expressions that are reachable from some nodes, by number.
struct Reachable {
  IdMap<NodeId, bool> nodes;
  IdMap<ExprId, bool> exprs;
  std::size_t node_count = 0;
  std::size_t expr_count = 0;
};
Reachable reachable_from(const Graph& graph, std::span<const NodeId> roots);

}  // namespace callgate::ir
