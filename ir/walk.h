// Walks the arrays of a flat graph (ir/flat.h). Part of the path of evaluate(), which knows neither vectors nor graphs.
#pragma once

#include <cstdint>

#include "ir/id.h"

namespace callgate::ir {

struct FlatNode;
struct FlatOp;

// The result of the node with this number, for an input as in ir/evaluate.h. Allocates nothing and uses a small,
// bounded stack.
std::uint32_t walk(const FlatNode* nodes, const FlatOp* ops, NodeId node, const void* input) noexcept;

}  // namespace callgate::ir
