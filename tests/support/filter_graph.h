// What tests ask about the graph of one filter, from its root on.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "compose/filter_graph.h"
#include "ir/check.h"
#include "ir/dead_nodes.h"
#include "ir/evaluate.h"

namespace callgate::compose {

inline std::uint32_t evaluate(const FilterGraph& graph, const SeccompData& data) {
  return ir::evaluate(graph, graph.root, &data);
}

// The first broken rule of a seccomp filter's graph.
inline std::optional<std::string> check(const Graph& graph, std::span<const NodeId> roots,
                                        Guards guards = Guards::in_graph) {
  return ir::check(graph, roots, seccomp_sequence(MergeRule::first_non_allow), guards);
}
inline std::optional<std::string> check(const FilterGraph& graph, Guards guards = Guards::in_graph) {
  return check(graph, {&graph.root, 1}, guards);
}

inline bool remove_dead_nodes(FilterGraph& graph) { return ir::remove_dead_nodes(graph, {&graph.root, 1}); }

}  // namespace callgate::compose
