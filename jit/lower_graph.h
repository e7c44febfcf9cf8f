// From choices to blocks: in which order the code lies, and how each choice is made.
#pragma once

#include <span>

#include "ir/graph.h"
#include "jit/block.h"
#include "jit/result_blocks.h"

namespace callgate::jit {

// Appends the code of a segment's graph. entry_blocks[i] goes on to the code of root i; if it is not appended yet, it comes
// to lie in front of that.
void lower_graph(ResultBlocks& results, Flow& flow, const ir::Graph& graph, std::span<const ir::NodeId> roots,
                     std::span<const BlockId> entry_blocks, std::uint32_t segment, const SwitchTarget& target);

}  // namespace callgate::jit
