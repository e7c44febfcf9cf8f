// The unit of compilation. A function is made of units, which run one after the other, newest filters first.
#pragma once

#include <cstdint>
#include <variant>

#include "ir/baseline.h"
#include "ir/graph.h"

namespace callgate::jit {

// A graph and the node at which it is entered.
struct RootedGraph {
  const ir::Graph* graph;
  ir::NodeId root;
};

// One or more neighbouring filters that decide together by one graph, or one filter in baseline form. Owns neither: the
// graph or the baseline form must outlive the unit.
struct Unit {
  std::variant<RootedGraph, const ir::Baseline*> form;
  std::uint32_t first_filter = 0;  // the oldest of its filters, counted from the oldest of the chain, which is 0

  // The form, or null if the unit has the other one.
  const RootedGraph* rooted_graph() const { return std::get_if<RootedGraph>(&form); }
  const ir::Baseline* baseline() const {
    const auto* baseline = std::get_if<const ir::Baseline*>(&form);
    return baseline != nullptr ? *baseline : nullptr;
  }
};

}  // namespace callgate::jit
