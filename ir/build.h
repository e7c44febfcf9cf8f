// One program to its decision graph.
#pragma once

#include <array>
#include <optional>

#include "bpf/dialect.h"
#include "callgate/program.hpp"
#include "ir/graph.h"
#include "ir/sequence.h"

namespace callgate::ir {

// At one instruction the builder tells apart at most this many combinations of live values. Real filters have one.
inline constexpr std::uint32_t max_states_per_insn = 8;

// Words of the input that the layout makes constant.
using FixedWords = std::array<std::optional<std::uint32_t>, max_input_words>;

// Adds the graph of `program`, as one filter of a sequence, to `graph` and returns its root: a constant result that
// lets the next filter decide is sequence.goes_on without data, and a computed leaf never lets the next filter decide
// (a test of its action stands in front of it). Empty when the program has more states than max_states_per_insn at an
// instruction or an expression of more than max_expr_size nodes: then only the baseline form can represent it, and
// `graph` holds nodes that are not needed.
//
// Of the dialect come opcodes, initial state and the result of an early end; what its loads read is the graph's schema.
//
// `filter` is the number of the filter in the sources of the nodes. Takes time and memory in proportion to
// program.size() × max_states_per_insn. May throw std::bad_alloc.
template <bpf::Dialect D = bpf::Seccomp>
std::optional<NodeId> build(Graph& graph, const Program& program, const Sequence& sequence, std::uint32_t filter,
                            const FixedWords& fixed = {});

extern template std::optional<NodeId> build<bpf::Seccomp>(Graph& graph, const Program& program,
                                                          const Sequence& sequence, std::uint32_t filter,
                                                          const FixedWords& fixed);

}  // namespace callgate::ir
