// The plan of a chain: how its filters are cut into pieces that are compiled one after the other.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "callgate/options.hpp"
#include "callgate/program.hpp"
#include "compose/chain_graph.h"
#include "compose/ir_names.h"
#include "ir/baseline.h"

namespace callgate::compose {

// One or more neighbouring filters as one graph, or one filter in baseline form.
struct Segment {
  std::variant<ChainGraph, Baseline> form;
  std::uint32_t oldest_filter;  // counted from the chain's oldest filter, which is 0
  std::uint32_t filter_count;

  const ChainGraph* chain_graph() const { return std::get_if<ChainGraph>(&form); }
  const Baseline* baseline() const { return std::get_if<Baseline>(&form); }
};

// Newest first. Segments are immutable and shared between a chain and the chains made by attaching to it. Only the
// newest segment may have roots by number: below a baseline form nothing is known of the call.
using Plan = std::vector<std::shared_ptr<const Segment>>;

struct PlanOptions {
  MergeRule rule = MergeRule::first_non_allow;
  Optimize level = Optimize::full;
  FixedWords fixed = {};
  Precision precision = Precision::path_sensitive;  // the most that a graph may have
  std::uint32_t most_steps = 0;                     // of an attach; 0: as many as the filters may have (StepBudget)
  std::uint32_t most_nodes = max_decision_nodes;    // of a graph
};

// The plan for `newer` (oldest first) on top of a chain of `filter` filters with plan `older`. A filter that is over a
// budget (compose/chain_graph.h) is tried again with less precision, on top of what there is: what lies below is never
// made anew, and keeps its precision. A filter that has no graph at all becomes a segment in baseline form. May throw
// std::bad_alloc.
Plan attach(const Plan& older, std::span<const Program* const> newer, std::uint32_t filter, const PlanOptions& options);

// The plan of all filters at once.
Plan make_plan(std::span<const Program> oldest_first, const PlanOptions& options);

}  // namespace callgate::compose
