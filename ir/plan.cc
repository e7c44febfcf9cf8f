#include "ir/plan.h"

#include <cassert>
#include <utility>

#include "ir/build.h"
#include "ir/check.h"
#include "ir/compose.h"
#include "ir/opt/passes.h"

namespace callgate::ir {
namespace {

void assert_sound([[maybe_unused]] const Graph& graph) { assert(!check(graph).has_value()); }

// Σ of the sizes of all expressions that tests and leaves compute. Code and worst path are in proportion to it.
std::uint64_t work(const Graph& graph) {
  std::uint64_t sum = 0;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node& n = graph.node_at(id);
    if (n.kind != NodeKind::constant) sum += graph.expr_at(n.lhs).size;
    if (n.kind == NodeKind::test) sum += graph.expr_at(n.rhs).size;
  }
  return sum;
}

void run_passes(Graph& graph) {
  assert_sound(graph);
  for (const auto pass : {fold_constants, remove_dead_nodes}) {
    pass(graph);
    assert_sound(graph);
  }
}

std::shared_ptr<const Segment> segment(std::variant<Graph, StraightForm> form, std::uint32_t oldest,
                                       std::uint32_t count) {
  return std::make_shared<const Segment>(Segment{std::move(form), oldest, count});
}

}  // namespace

Plan attach(const Plan& older, const Program& newer, std::uint32_t filter, MergeRule rule, Optimize level) {
  Plan plan;
  plan.reserve(older.size() + 1);
  std::optional<Graph> graph;
  if (level == Optimize::full) graph = build(newer, filter);
  if (graph) run_passes(*graph);
  if (!graph || work(*graph) > max_work_per_insn * newer.size()) {
    plan.push_back(segment(build_straight(newer), filter, 1));
    plan.insert(plan.end(), older.begin(), older.end());
    return plan;
  }
  const Segment* below = older.empty() ? nullptr : older.front().get();
  if (below != nullptr && below->graph() != nullptr) {
    if (auto composed = compose(*graph, *below->graph(), rule)) {
      run_passes(*composed);
      if (work(*composed) <= max_composed_work) {
        plan.push_back(segment(std::move(*composed), below->oldest_filter, below->filter_count + 1));
        plan.insert(plan.end(), older.begin() + 1, older.end());
        return plan;
      }
    }
  }
  plan.push_back(segment(std::move(*graph), filter, 1));
  plan.insert(plan.end(), older.begin(), older.end());
  return plan;
}

}  // namespace callgate::ir
