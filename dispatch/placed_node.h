// The node of a chain in the caller's memory: a layer (dispatch/layer.h), and this behind it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dispatch/chain_node.h"
#include "dispatch/layer.h"

namespace callgate {
namespace CALLGATE_HIDDEN detail {

struct PlacedNode : ChainNode {
  const ChainNode* base = nullptr;  // an owned reference, to the chain below

  // What promote() made of the filter, or null. Atomic, and set once; an owned reference. From then on it stands for
  // the filter wherever filters are compared (capi/chain_filters.h).
  mutable FilterLink* promoted = nullptr;

  // For the slot that the chain comes into first, to keep what it replaced (capi/slot.cc), which allocates else.
  mutable std::uint32_t is_room_taken = 0;  // atomic
  alignas(std::max_align_t) mutable unsigned char room[32];

  PlacedNode() noexcept = default;
  PlacedNode(const PlacedNode&) = delete;
  PlacedNode& operator=(const PlacedNode&) = delete;
  ~PlacedNode() { FilterList::adopting(promoted); }

  // Null for other chains, and for those that were moved from.
  static const PlacedNode* of(const callgate_image* image) noexcept {
    const ChainNode* const node = ChainNode::of(image);
    return node == nullptr || node->placed == nullptr ? nullptr : static_cast<const PlacedNode*>(node);
  }
};

// The instructions of the filter of a layer.
inline std::span<const Insn> filter_of(const Published& layer) noexcept { return {layer.bytecode, layer.sizes[0]}; }

// Takes a reference away. The last one frees the node, and takes it off those below.
void release(const ChainNode* node) noexcept;

// Gives `node`, which has the filters of the newest chain below `layers` that is not placed, those of the layers too.
// False if memory ran out.
bool push_layers(ChainNode& node, const ChainNode& layers) noexcept;

// The newest chain from here on that is not placed.
const ChainNode& below_layers(const ChainNode& node) noexcept;

}  // namespace detail
}  // namespace callgate
