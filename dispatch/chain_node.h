// What a Chain points to: one attach, on top of its parent.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "callgate/chain.hpp"

namespace callgate::detail {

struct ChainNode : ChainHot {
  std::atomic<std::uint32_t> references{1};
  ChainNode* parent = nullptr;    // owned reference; null at the root, which has no filters
  std::vector<Program> programs;  // of this attach, newest first
  Options options;
  Engine engine = Engine::interpreter;
  FallbackReason fallback_reason = FallbackReason::none;
  int fallback_errno = 0;
  std::uint32_t length = 0;         // filters, this node's and its ancestors'
  std::uint64_t path_length = 0;    // Σ (kernel_length + 4) over all filters
  std::size_t bytecode_bytes = 0;   // of all filters

  static const ChainNode* of(const ChainHot* hot) noexcept { return static_cast<const ChainNode*>(hot); }
  static Chain wrap(ChainNode* node) noexcept { return Chain(node); }

  void retain() const noexcept { const_cast<ChainNode*>(this)->references.fetch_add(1, std::memory_order_relaxed); }
  static void release(ChainNode* node) noexcept;
};

// The entry of a chain without native code: the reference interpreter, filter by filter.
std::uint32_t interpret_chain(const SeccompData* data, const ChainHot* self) noexcept;
Match match_chain(const SeccompData& data, const ChainNode& node) noexcept;

}  // namespace callgate::detail
