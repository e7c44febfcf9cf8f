// Drops nodes and expressions that the roots do not reach, and numbers the others anew.
#include "ir/dead_nodes.h"
#include "ir/reachable.h"

namespace callgate::ir {

bool remove_dead_nodes(Graph& graph, std::span<NodeId> roots) {
  const Reachable keep = reachable_from(graph, roots);
  if (keep.node_count == graph.node_count() && keep.expr_count == graph.expr_count()) return false;
  const IdMap<NodeId, NodeId> renumbered = graph.keep_only(keep.nodes, keep.exprs);
  for (NodeId& root : roots) root = renumbered[root];
  return true;
}

}  // namespace callgate::ir
