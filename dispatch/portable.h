// The image of a chain without machine code, as bytes that can lie anywhere: what points into the image is an offset
// from its start, and what names a function says which.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dispatch/published.h"

namespace callgate::detail {

// Bytes of the copy of a chain's image; 0 if it cannot be copied: it has machine code, stays on the heap, is a layer,
// or was moved from. `image_bytes` are those of the chain's memory.
std::size_t portable_bytes(const Published& chain, std::size_t image_bytes) noexcept;

// Writes the copy.
void make_portable(const Published& chain, std::size_t image_bytes, void* out) noexcept;

// The image that the copy at `memory`, which it is turned into, comes to; null if this is no copy of this version and
// word size.
const callgate_image* adopt(void* memory, std::size_t bytes) noexcept;

}  // namespace callgate::detail
