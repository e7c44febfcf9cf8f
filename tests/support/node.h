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

// The word of the action table by which it decides a call of SeccompData's layout, or of its own.
inline std::uint32_t data_word(const Chain& chain, std::uint32_t nr, std::uint32_t arch_value) {
  return callgate_word(&image_of(chain).data, nr, arch_value, &image_of(chain));
}
inline std::uint32_t frame_word(const Chain& chain, std::uint32_t nr, std::uint32_t arch_value) {
  return callgate_word(&image_of(chain).frame, nr, arch_value, &image_of(chain));
}

inline const detail::ChainNode& node_of(const Chain& chain) { return *image_of(chain).node; }

}  // namespace callgate::test
