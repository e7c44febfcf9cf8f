// Makes a new chain node ready to decide: its action table, and its code or the interpreter.
#pragma once

#include <optional>

#include "dispatch/chain_node.h"

namespace callgate::detail {

// Whether this build and this process can do what `options` ask for.
std::optional<AttachErrc> check_options(const Options& options) noexcept;

// Fills in node.entry, node.table, node.engine and node.fallback_reason. False if memory ran out.
bool install(ChainNode& node) noexcept;

}  // namespace callgate::detail
