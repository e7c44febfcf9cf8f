#include "capi/chain_filters.h"

#include <algorithm>
#include <new>
#include <utility>

#include "capi/chain_handle.h"
#include "dispatch/placed_node.h"

namespace callgate::capi {
namespace {

const detail::ChainNode* node_of(const Chain& chain) noexcept {
  return detail::ChainNode::of(detail::ChainHandle::image(chain));
}

// What a filter is known by: its link, or the layer that it lies in until it is promoted.
const void* identity_of(const detail::PlacedNode& layer) noexcept {
  const detail::FilterLink* const link = __atomic_load_n(&layer.promoted, __ATOMIC_ACQUIRE);
  return link != nullptr ? static_cast<const void*>(link) : &layer;
}

const detail::PlacedNode* as_placed(const detail::ChainNode& node) noexcept {
  return node.placed == nullptr ? nullptr : static_cast<const detail::PlacedNode*>(&node);
}

// Of the newest filter; null if there is none.
const void* newest_of(const detail::ChainNode& node) noexcept {
  const detail::PlacedNode* const layer = as_placed(node);
  return layer != nullptr ? identity_of(*layer) : node.filters.newest();
}

}  // namespace

bool is_moved_from(const Chain& chain) noexcept { return node_of(chain) == nullptr; }

Programs filters_of(const Chain& chain) {
  Programs programs;
  const detail::ChainNode* node = node_of(chain);
  while (const detail::PlacedNode* layer = node == nullptr ? nullptr : as_placed(*node)) {
    auto program = verify(detail::filter_of(*layer->placed));
    if (!program) throw std::bad_alloc();
    programs.push_back(std::move(*program));
    node = layer->base;
  }
  for (auto link = node == nullptr ? nullptr : node->filters.newest(); link != nullptr; link = link->older) {
    programs.push_back(link->program);
  }
  std::reverse(programs.begin(), programs.end());
  return programs;
}

bool is_ancestor(const Chain& older, const Chain& newer) noexcept {
  if (is_moved_from(older) || is_moved_from(newer)) return false;
  const void* const wanted = newest_of(*node_of(older));
  const detail::ChainNode* node = node_of(newer);
  for (; const detail::PlacedNode* layer = as_placed(*node); node = layer->base) {
    if (identity_of(*layer) == wanted) return true;
  }
  const detail::FilterLink* link = node->filters.newest();
  while (link != wanted && link != nullptr) link = link->older;
  return link == wanted;
}

}  // namespace callgate::capi
