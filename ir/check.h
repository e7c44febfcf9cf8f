// What every decision graph must hold, whatever pass it comes from.
#pragma once

#include <optional>
#include <string>

#include "ir/graph.h"

namespace callgate::ir {

// The first broken rule, with the node or expression that breaks it, or nothing. Rules: the root and what nodes refer
// to exist; successors have smaller numbers; loads are aligned words of seccomp_data; expression sizes are true and
// bounded; constant leaves are not ALLOW with data; on every path a division has a constant divisor that is not 0 or
// stands behind a test of its divisor against 0, and a computed leaf stands behind a test that its action is not ALLOW.
//
// Any graph may be asked about, however broken. That operands have smaller numbers is Graph::expr()'s own business.
std::optional<std::string> check(const Graph& graph);

}  // namespace callgate::ir
