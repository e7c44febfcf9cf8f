// What a graph decides, computed by walking it: a second opinion on graphs, beside the code generated from them.
#pragma once

#include "ir/graph.h"

namespace callgate::ir {

// The result from `root` on. `input` points to as many bytes as graph.input() says: words of 32 bits in the byte order
// of the machine, of any alignment. May throw std::bad_alloc.
std::uint32_t evaluate(const Graph& graph, NodeId root, const void* input);

}  // namespace callgate::ir
