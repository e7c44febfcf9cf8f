// What every decision graph must hold, whatever pass it comes from.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "ir/graph.h"

namespace callgate::ir {

// Where the tests are that a division and a computed leaf stand behind: all in the graph, or some settled by the class or by
// what the path knows (every Precision but `whole`) and gone.
enum class Guards : std::uint8_t { in_graph, by_facts };

// The first broken rule, with the node or expression that breaks it, or nothing. Rules: the root and what nodes refer
// to exist; successors have smaller numbers; loads are aligned words of seccomp_data; expression sizes are true and
// bounded; constant leaves are not ALLOW with data; and, if guards are in the graph, on every path a division has a constant
// divisor that is not 0 or stands behind a test of its divisor against 0, and a computed leaf stands behind a test that its
// action is not ALLOW, or has a mask that ALLOW does not fit. Such tests are known in the shape that ir/fold.h gives them.
//
// Any graph may be asked about, however broken. That operands have smaller numbers is Graph::expr()'s own business.
std::optional<std::string> check(const Graph& graph, Guards guards = Guards::in_graph);

// The same from several roots at once.
std::optional<std::string> check(const Graph& graph, std::span<const NodeId> roots, Guards guards);

}  // namespace callgate::ir
