// One program to its decision graph.
#pragma once

#include <array>
#include <optional>

#include "callgate/program.hpp"
#include "ir/graph.h"

namespace callgate::ir {

// At one instruction the builder tells apart at most this many combinations of live values. Real filters have one.
inline constexpr std::uint32_t max_states_per_insn = 8;

// Words of the input that the layout fixes.
using FixedWords = std::array<std::optional<std::uint32_t>, sizeof(SeccompData) / 4>;

// Adds to `graph` what `program` contributes to a chain, and returns its root: an ALLOW with data is plain ALLOW, and a
// computed leaf is never ALLOW (a test in front of it sees to that). Empty when the program has more states than
// max_states_per_insn at an instruction or an expression of more than max_expr_size nodes: then only the baseline form
// can have it, and `graph` holds nodes that nobody needs.
//
// `filter` is the number that nodes are marked with. Takes time and memory in proportion to program.size() ×
// max_states_per_insn. May throw std::bad_alloc.
std::optional<NodeId> build(Graph& graph, const Program& program, std::uint32_t filter, const FixedWords& fixed = {});

// The same in a graph of its own.
std::optional<Graph> build(const Program& program, std::uint32_t filter = 0);

}  // namespace callgate::ir
