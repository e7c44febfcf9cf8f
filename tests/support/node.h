// Behind the public face of a Chain.
#pragma once

#include <cstring>

#include "dispatch/chain_node.h"

namespace callgate::test {

inline const detail::ChainNode& node_of(const Chain& chain) {
  const callgate_image* image = nullptr;
  static_assert(sizeof chain == sizeof image);
  std::memcpy(&image, &chain, sizeof image);
  return *detail::ChainNode::of(image);
}

}  // namespace callgate::test
