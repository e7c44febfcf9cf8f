#include "dispatch/units.h"

namespace callgate::detail {

jit::InputMap input_map(const InputLayout& layout) {
  if (layout.single_fetch) return seccomp_data_map;
  jit::InputMap map{.schema = compose::seccomp_input};
  for (std::size_t i = 0; i < layout.words.size(); ++i) {
    map.at[i] = static_cast<std::int32_t>(layout.words[i].value);
    map.is_constant[i] = layout.words[i].is_constant;
  }
  return map;
}

std::vector<jit::Unit> units_of(const compose::Plan& plan) {
  std::vector<jit::Unit> units;
  units.reserve(plan.size());
  for (const auto& segment : plan) {
    if (const compose::ChainGraph* decisions = segment->chain_graph()) {
      const ir::NodeId root = decisions->root_of(compose::class_count);
      units.push_back({jit::RootedGraph{&decisions->graph, root}, segment->oldest_filter});
    } else {
      units.push_back({segment->baseline(), segment->oldest_filter});
    }
  }
  return units;
}

jit::Request seccomp_request(std::span<const jit::Unit> units, MergeRule rule, Engine engine, Target target) {
  return {.units = units,
          .sequence = compose::seccomp_sequence(rule),
          .input = seccomp_data_map,
          .engine = engine,
          .target = target};
}

}  // namespace callgate::detail
