// Behind the public face of a Chain.
#pragma once

#include <cstring>

#include "dispatch/chain_node.h"

namespace callgate::test {

// The start of its sealed memory.
inline const detail::Published& image_of(const Chain& chain) {
  const callgate_image* image = nullptr;
  static_assert(sizeof chain == sizeof image);
  std::memcpy(&image, &chain, sizeof image);
  return detail::Published::of(image);
}

inline const detail::ChainNode& node_of(const Chain& chain) { return *image_of(chain).node; }

}  // namespace callgate::test
