#include "capi/chain_filters.h"

#include <algorithm>

#include "capi/chain_handle.h"
#include "dispatch/chain_node.h"

namespace callgate::capi {
namespace {

const detail::ChainNode* node_of(const Chain& chain) noexcept {
  return detail::ChainNode::of(detail::ChainHandle::image(chain));
}

const detail::FilterLink* newest_of(const Chain& chain) noexcept {
  return is_moved_from(chain) ? nullptr : node_of(chain)->filters.newest();
}

}  // namespace

bool is_moved_from(const Chain& chain) noexcept { return node_of(chain) == nullptr; }

Programs filters_of(const Chain& chain) {
  Programs programs;
  for (const detail::FilterLink* link = newest_of(chain); link != nullptr; link = link->older) {
    programs.push_back(link->program);
  }
  std::reverse(programs.begin(), programs.end());
  return programs;
}

bool is_ancestor(const Chain& older, const Chain& newer) noexcept {
  if (is_moved_from(older) || is_moved_from(newer)) return false;
  const detail::FilterLink* const wanted = newest_of(older);
  const detail::FilterLink* link = newest_of(newer);
  while (link != wanted && link != nullptr) link = link->older;
  return link == wanted;
}

}  // namespace callgate::capi
