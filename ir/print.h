// Graphs as text for people: dumps, golden files, and Graphviz.
#pragma once

#include <span>
#include <string>

#include "ir/graph.h"

namespace callgate::ir {

// "args[0].lo & 0xff", with the names of fields (bpf/names.h), parentheses where nested.
std::string to_text(const Graph& graph, ExprId expr);

// "n3".
std::string node_name(NodeId id);

// The nodes that the roots reach, one a line, predecessors first:  "n3: if args[0].lo == 0x3b then n1 else n2",
// "n1: return TRAP", "n0: return args[0].lo + 1".
std::string to_text(const Graph& graph, std::span<const NodeId> roots);

// The same as input for dot(1); and its statements alone, to put between dot_begin and "}".
std::string to_dot(const Graph& graph, std::span<const NodeId> roots);
std::string dot_statements(const Graph& graph, std::span<const NodeId> roots);
inline constexpr const char* dot_begin = "digraph callgate {\n  node [fontname=monospace];\n";

}  // namespace callgate::ir
