// From a graph to blocks: its switches in the order in which their code lies, and the blocks of each switch.
#pragma once

#include <span>

#include "ir/graph.h"
#include "jit/block.h"
#include "jit/result_blocks.h"
#include "jit/switch.h"

namespace callgate::jit {

// Appends the code of a unit's graph. entry_blocks[i] continues at the code of root i; if it is not appended yet, it
// comes to lie in front of that code. `flow` takes the steps.
void lower_graph(ResultBlocks& results, Flow& flow, const ir::Graph& graph, std::span<const ir::NodeId> roots,
                 std::span<const BlockId> entry_blocks, std::uint32_t unit, const SwitchTarget& target);

// Whether code of the graph uses stack slots.
bool needs_slots(const ir::Graph& graph);

}  // namespace callgate::jit
