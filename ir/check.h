// What every decision graph must hold, whatever pass it comes from.
#pragma once

#include <optional>
#include <string>

#include "ir/graph.h"

namespace callgate::ir {

// The first broken rule, with the node or expression that breaks it, or nothing. Rules: operands and successors have
// smaller numbers; loads are aligned words of seccomp_data; expression sizes are true and bounded; a division has a
// constant divisor that is not 0, or stands behind a test of its divisor against 0 on every path; constant leaves are
// not ALLOW with data.
std::optional<std::string> check(const Graph& graph);

}  // namespace callgate::ir
