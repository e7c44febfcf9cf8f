// Bytes that C++ code has on the heap. (What malloc reports as in use includes what it keeps for the next caller.)
#pragma once

#include <cstddef>
#include <cstdint>

namespace callgate::bench {

// From now on until it is destroyed, counts what operator new gives out and operator delete takes back, in bytes as
// asked for: the same in every run. One at a time, one thread. Programs that use it link heap.cc, which replaces
// operator new.
class HeapCount {
 public:
  HeapCount();
  HeapCount(const HeapCount&) = delete;
  HeapCount& operator=(const HeapCount&) = delete;
  ~HeapCount();

  std::int64_t bytes() const;
};

}  // namespace callgate::bench
