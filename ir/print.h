// Graphs as text for people: dumps, golden files, and Graphviz.
#pragma once

#include <span>
#include <string>

#include "ir/graph.h"

namespace callgate::ir {

// "args[0].lo & 0xff", with names of fields, parentheses where nested.
std::string to_text(const Graph& graph, ExprId expr);

// "n3".
std::string node_name(NodeId id);

// One node a line, the root first:  "n3: if nr == 0x3b then n1 else n2", "n1: return ALLOW", "n0: return nr + 1".
std::string to_text(const Graph& graph);

// The same as input for dot(1).
std::string to_dot(const Graph& graph);

// The nodes that the roots reach, one a line, predecessors first; and the statements for dot(1), to put between dot_begin and "}".
std::string to_text(const Graph& graph, std::span<const NodeId> roots);
std::string dot_statements(const Graph& graph, std::span<const NodeId> roots);
inline constexpr const char* dot_begin = "digraph callgate {\n  node [fontname=monospace];\n";

}  // namespace callgate::ir
