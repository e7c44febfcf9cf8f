#include "bench/measure/heap.h"

#include <malloc.h>

#include <cstdlib>
#include <new>

namespace {

bool counting = false;
std::int64_t in_use = 0;

void* allocate(std::size_t size) noexcept {
  void* memory = std::malloc(size);
  if (counting && memory != nullptr) in_use += static_cast<std::int64_t>(malloc_usable_size(memory));
  return memory;
}

void release(void* memory) noexcept {
  if (counting) in_use -= static_cast<std::int64_t>(malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

// The other forms end in these.
void* operator new(std::size_t size) {
  void* memory = allocate(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }

namespace callgate::bench {

HeapCount::HeapCount() {
  in_use = 0;
  counting = true;
}

HeapCount::~HeapCount() { counting = false; }

std::int64_t HeapCount::bytes() const { return in_use; }

}  // namespace callgate::bench
