// Makes a new chain node ready to decide: filters → plan → image → sealed memory.
#pragma once

#include <optional>

#include "dispatch/chain_node.h"

namespace callgate::detail {

// Whether `options` hold values of their types, and this build and this process can do what they ask for.
std::optional<AttachError> check_options(const Options& options) noexcept;

// Makes the image of `node` and all that the node says of it. `parent` is the node of the chain that it was attached
// to, or null. Whatever else is refused, the interpreter decides; false if there is not even sealed memory for that.
bool install(ChainNode& node, const ChainNode* parent) noexcept;

}  // namespace callgate::detail
