// What a graph decides, computed by walking it: a second opinion on graphs, beside the code generated from them.
#pragma once

#include "callgate/insn.hpp"
#include "ir/graph.h"

namespace callgate::ir {

// May throw std::bad_alloc.
std::uint32_t evaluate(const Graph& graph, NodeId root, const SeccompData& data);
std::uint32_t evaluate(const Graph& graph, const SeccompData& data);

}  // namespace callgate::ir
