// The plan of a chain: how its filters are cut into pieces that are compiled one after the other.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "callgate/options.hpp"
#include "callgate/program.hpp"
#include "ir/graph.h"
#include "ir/straight.h"

namespace callgate::ir {

// Budgets on a graph's work: the sum of the sizes of all expressions in its tests and leaves, to which its code is in
// proportion (about 7 bytes a unit). A filter whose graph needs more than the first, per instruction, is kept in straight
// form; a composition that needs more than the second is not made.
inline constexpr std::uint32_t max_work_per_insn = 8;
inline constexpr std::uint32_t max_composed_work = 65536;

// One or more neighbouring filters: as one decision graph, or one filter in straight form.
struct Segment {
  std::variant<Graph, StraightForm> form;
  std::uint32_t oldest_filter;  // counted from the chain's oldest filter, which is 0
  std::uint32_t filter_count;

  const Graph* graph() const { return std::get_if<Graph>(&form); }
  const StraightForm* straight() const { return std::get_if<StraightForm>(&form); }
};

// Newest first. Segments are immutable and shared between a chain and those that are attached to it.
using Plan = std::vector<std::shared_ptr<const Segment>>;

// The plan for `newer` on top of a chain with plan `older` that has `filter` filters. With Optimize::full the new
// filter's graph is composed with the segment below it if both are graphs and the result is within the budgets of
// ir/build.h and ir/compose.h; otherwise it becomes a segment of its own. May throw std::bad_alloc.
Plan attach(const Plan& older, const Program& newer, std::uint32_t filter, MergeRule rule, Optimize level);

}  // namespace callgate::ir
