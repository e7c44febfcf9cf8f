// The graphs of chains and filters as text for people.
#pragma once

#include <string>

#include "compose/chain_graph.h"
#include "compose/filter_graph.h"

namespace callgate::compose {

// For each domain which numbers get which result, or go on at which node, one line each ("x86_64 ALLOW: 0-8 10 12-20",
// "x86_64 n35: 9"); then those nodes and all below them.
std::string to_text(const ChainGraph& decisions);

// The same as input for dot(1).
std::string to_dot(const ChainGraph& decisions);

// The graph of one filter (ir/print.h).
std::string to_text(const FilterGraph& graph);
std::string to_dot(const FilterGraph& graph);

}  // namespace callgate::compose
