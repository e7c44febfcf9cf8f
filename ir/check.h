// The rules that every decision graph obeys, whatever pass it comes from.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "ir/graph.h"
#include "ir/sequence.h"

namespace callgate::ir {

// Where the tests are that guard a division or a computed leaf: all in the graph, or some of them decided by the class
// of the input or by facts of the path, and gone. Graphs that are specialised (compose/chain_graph.h) have the latter.
enum class Guards : std::uint8_t { in_graph, by_facts };

// The first broken rule, with the node or expression that breaks it; empty if the graph holds all of them:
//
//   - roots, and the nodes and expressions that nodes refer to, exist; successors have smaller numbers than the node;
//   - loads are aligned and inside of the input (graph.input());
//   - the size of an expression is true, and bounded where a root reaches it;
//   - a constant leaf that lets the next filter decide has no data (it is sequence.goes_on);
//   - if guards are in the graph: a division has a constant divisor that is not 0, or every path to it passes a test of
//     its divisor against 0; a computed leaf cannot let the next filter decide, because of a mask, or every path to it
//     passes a test of its action. Such tests are recognised in the shape that ir/fold.h gives them.
//
// Any graph may be asked about, however broken. That operands have smaller numbers is asserted by Graph::expr().
std::optional<std::string> check(const Graph& graph, std::span<const NodeId> roots, const Sequence& sequence,
                                 Guards guards = Guards::in_graph);

}  // namespace callgate::ir
