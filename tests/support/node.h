// Behind the public face of a Chain.
#pragma once

#include <cstring>

#include "dispatch/chain_node.h"

namespace callgate::test {

inline const detail::ChainNode& node_of(const Chain& chain) {
  const detail::ChainHot* hot = nullptr;
  static_assert(sizeof chain == sizeof hot);
  std::memcpy(&hot, &chain, sizeof hot);
  return *detail::ChainNode::of(hot);
}

}  // namespace callgate::test
