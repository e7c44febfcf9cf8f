// Chain::attach_in(): no allocation, no lock, no system call.
#include <new>

#include "callgate/chain.hpp"
#include "dispatch/placed_node.h"
#include "verifier/kernel_length.h"
#include "verifier/verify.h"

namespace callgate {
namespace {

using detail::ChainNode;
using detail::PlacedNode;
using detail::Published;

constexpr std::uint32_t per_filter = 4;  // what seccomp_attach_filter() charges for each older filter

constexpr std::size_t node_at(std::size_t insns) noexcept {
  return (detail::layer_bytes(insns) + alignof(PlacedNode) - 1) / alignof(PlacedNode) * alignof(PlacedNode);
}
constexpr std::size_t placed_bytes(std::size_t insns) noexcept { return node_at(insns) + sizeof(PlacedNode); }
static_assert(alignof(PlacedNode) <= detail::layer_alignment);

// The node of the chain with the filter on top of `below`, in its place.
const ChainNode& place(void* start, const ChainNode& below, std::span<const Insn> filter, std::uint64_t path) noexcept {
  Published& layer = detail::make_layer(start, &below.image(), below.options.rule, filter);
  auto* const node = new (static_cast<unsigned char*>(start) + node_at(filter.size())) PlacedNode;
  below.references.acquire();
  node->base = &below;
  node->placed = &layer;
  node->options = below.options;
  if (below.options.engine != Engine::interpreter) node->fallback_reason = FallbackReason::caller_memory;
  node->length = below.length + 1;
  node->path_length = path + per_filter;
  node->bytecode_bytes = below.bytecode_bytes + filter.size_bytes();
  node->table_bytes = std::size_t{layer.frame.numbers} * CALLGATE_DOMAIN_COUNT * sizeof(std::uint32_t);
  layer.node = node;
  return *node;
}

}  // namespace

std::size_t Chain::attach_in_size(std::size_t instructions) noexcept {
  const std::size_t count = instructions < max_program_length ? instructions : max_program_length;
  return placed_bytes(count) + detail::layer_alignment - 1;
}

Expected<Chain, AttachError> Chain::attach_in(std::span<std::byte> memory,
                                              std::span<const Insn> filter) const noexcept {
  const ChainNode* const below = ChainNode::of(image_);
  if (below == nullptr) return AttachError{AttachErrc::moved_from};
  if (verifier::check(filter)) return AttachError{AttachErrc::invalid};
  const std::uint64_t path = below->path_length + verifier::kernel_length(filter);
  const std::uint32_t limit = below->options.path_limit;
  if (limit != 0 && path > limit) return AttachError{AttachErrc::path_too_long, path, limit};
  void* const start = detail::aligned_start(memory.data(), memory.size(), placed_bytes(filter.size()));
  if (start == nullptr) return AttachError{AttachErrc::no_room};
  return ChainNode::wrap(place(start, *below, filter, path));
}

}  // namespace callgate
