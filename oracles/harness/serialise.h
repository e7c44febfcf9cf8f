// What was written through one address runs at another only behind a serialising instruction. On machines that are not
// x86 nothing is written that runs.
#pragma once

#if defined(__x86_64__) || defined(__i386__)

#include <cpuid.h>

namespace callgate::oracles {

inline void serialise() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  __cpuid(0, a, b, c, d);
}

}  // namespace callgate::oracles

#else

namespace callgate::oracles {

inline void serialise() {}

}  // namespace callgate::oracles

#endif
