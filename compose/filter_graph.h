// The graph of one filter, by itself: for dumps, measurements and tests.
#pragma once

#include <cstdint>
#include <optional>

#include "callgate/program.hpp"
#include "compose/ir_names.h"
#include "compose/seccomp.h"
#include "ir/build.h"

namespace callgate::compose {

struct FilterGraph : Graph {
  FilterGraph() : Graph(seccomp_input) {}

  NodeId root = {};
};

// Empty if the filter has no graph (ir/build.h). `filter` is the number of the filter in the sources of the nodes. May
// throw std::bad_alloc.
inline std::optional<FilterGraph> build(const Program& program, std::uint32_t filter = 0) {
  FilterGraph graph;
  const auto root = ir::build(graph, program, seccomp_sequence(MergeRule::first_non_allow), filter);
  if (!root) return std::nullopt;
  graph.root = *root;
  return graph;
}

}  // namespace callgate::compose
