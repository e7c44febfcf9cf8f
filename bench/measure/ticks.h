// The processor's own clock, for times too short for the system's, and the fence that keeps decisions apart.
#pragma once

#include <chrono>
#include <cstdint>

namespace callgate::bench {

// On x86 nothing after this starts before everything ahead of it is done.
inline void wait_for_all_instructions() {
#if defined(__x86_64__) || defined(__i386__)
  asm volatile("lfence" : : : "memory");
#endif
}

// Ticks of the time stamp counter (constant in rate on any processor of this century's second decade), or nanoseconds.
inline std::uint64_t ticks_now() {
#if defined(__x86_64__) || defined(__i386__)
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  asm volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
  return std::uint64_t{high} << 32 | low;
#else
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

double nanoseconds_per_tick();  // measured once, at the first call

}  // namespace callgate::bench
