// Bytes that the heap has given out.
#pragma once

#include <malloc.h>

#include <cstddef>

namespace callgate::bench {

// Of this process, in use now: what malloc's own bookkeeping adds is counted as well. Repeatable for one C library as long
// as one thread allocates.
inline std::size_t heap_bytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace callgate::bench
