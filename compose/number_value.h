// Values and results that depend on number and architecture alone.
#pragma once

#include <cstdint>
#include <optional>

#include "compose/ir_names.h"
#include "ir/graph.h"

namespace callgate::compose {

// The value of an expression for a number and an architecture. Empty if it depends on more, or if it divides by 0: no
// call arrives at such a division, but a test may be asked about numbers that do not arrive at it.
std::optional<std::uint32_t> number_value(const Graph& graph, ExprId id, std::uint32_t nr, std::uint32_t arch);

// The result of the calls with a number and an architecture. Empty if it depends on more.
std::optional<std::uint32_t> number_result(const Graph& graph, NodeId root, std::uint32_t nr, std::uint32_t arch);

}  // namespace callgate::compose
