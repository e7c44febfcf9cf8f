// How chains in the caller's memory end, and how their filters come out of it.
#include <utility>

#include "callgate/program.hpp"
#include "dispatch/placed_node.h"

namespace callgate::detail {
namespace {

const PlacedNode& placed(const ChainNode& node) noexcept { return static_cast<const PlacedNode&>(node); }

// The layer with so many layers above it, below `newest`.
const PlacedNode& layer_at(const ChainNode& newest, std::size_t above) noexcept {
  const ChainNode* node = &newest;
  while (above-- != 0) node = placed(*node).base;
  return placed(*node);
}

// The link for the filter of the layer: the same for all who ask, as those below have one each. Null if memory ran out.
FilterLink* promoted_link(const PlacedNode& layer, const FilterList& below) noexcept {
  FilterLink* link = __atomic_load_n(&layer.promoted, __ATOMIC_ACQUIRE);
  if (link != nullptr) return link;
  const auto program = verify(filter_of(*layer.placed));
  FilterList list = below;
  if (!program || !list.push(*program)) return nullptr;
  FilterLink* const mine = list.release();
  if (__atomic_compare_exchange_n(&layer.promoted, &link, mine, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return mine;
  FilterList::adopting(mine);
  return link;
}

}  // namespace

void release(const ChainNode* node) noexcept {
  while (node != nullptr && node->references.release()) {
    if (node->placed == nullptr) {
      delete node;
      return;
    }
    const PlacedNode& layer = placed(*node);
    node = layer.base;
    layer.~PlacedNode();
  }
}

const ChainNode& below_layers(const ChainNode& node) noexcept {
  const ChainNode* below = &node;
  while (below->placed != nullptr) below = placed(*below).base;
  return *below;
}

bool push_layers(ChainNode& node, const ChainNode& layers) noexcept {
  std::size_t count = 0;
  for (const ChainNode* layer = &layers; layer->placed != nullptr; layer = placed(*layer).base) ++count;
  while (count-- != 0) {
    const PlacedNode& layer = layer_at(layers, count);
    FilterLink* const link = promoted_link(layer, node.filters);
    if (link == nullptr) return false;
    node.filters = FilterList::sharing(link);
  }
  return true;
}

}  // namespace callgate::detail
