// Makes a new chain node ready to decide: filters → plan → image → sealed memory → node.
#pragma once

#include <optional>

#include "dispatch/chain_node.h"

namespace callgate::detail {

// Whether `options` hold values of their types, and this build and this process can do what they ask for.
std::optional<AttachError> check_options(const Options& options) noexcept;

// Fills in everything of `node` that decides: entry, table, engine, memory. `parent` is the chain that it was attached
// to, or null. Cannot fail: whatever is refused, the interpreter decides.
void install(ChainNode& node, const ChainNode* parent) noexcept;

}  // namespace callgate::detail
