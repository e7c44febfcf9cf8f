// Puts everything that decides the calls of a chain into one piece of sealed memory.
#pragma once

#include <optional>

#include "dispatch/chain_node.h"
#include "dispatch/image.h"

namespace callgate::detail {

// Whether the chain stays on the heap: one that asks for the interpreter and is longer than any of the kernel's
// (Options::path_limit is lifted). Sealed memory has a copy of all filters, and to attach a million filters one by one
// must not copy each of them a million times.
inline bool stays_on_heap(const ChainNode& node) noexcept {
  return node.options.engine == Engine::interpreter && node.path_length > std::uint64_t{max_path_length} + 4;
}

// Makes the node's image, from which its calls are decided as `image` says. Needs heap memory meanwhile; if
// there is none, memory is refused. The node's options, filters and figures must be final but for what the image says.
// On failure the node is as it was.
std::optional<jit::PublishError> seal(ChainNode& node, const Image& image) noexcept;

}  // namespace callgate::detail
