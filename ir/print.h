// Graphs as text for people: dumps, golden files, and Graphviz.
#pragma once

#include <string>

#include "ir/decisions.h"
#include "ir/graph.h"

namespace callgate::ir {

// "args[0].lo & 0xff", with names of fields, parentheses where nested.
std::string to_text(const Graph& graph, ExprId expr);

// One node a line, the root first:  "n3: if nr == 0x3b then n1 else n2", "n1: return ALLOW", "n0: return nr + 1".
std::string to_text(const Graph& graph);

// The same as input for dot(1).
std::string to_dot(const Graph& graph);

// Decisions: for each domain which numbers get which result, or go on at which node, one line each
// ("x86_64 ALLOW: 0-8 10 12-20", "x86_64 n35: 9"); then those nodes and all below them.
std::string to_text(const Decisions& decisions);
std::string to_dot(const Decisions& decisions);

}  // namespace callgate::ir
