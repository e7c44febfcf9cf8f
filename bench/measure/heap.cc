#include "bench/measure/heap.h"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

bool counting = false;
std::int64_t in_use = 0;

// In front of each block, so that it is known how many bytes were asked for: what the allocator makes of them depends
// on what it has left over.
struct alignas(std::max_align_t) Header {
  std::size_t size;
};

void* allocate(std::size_t size) noexcept {
  if (size > SIZE_MAX - sizeof(Header)) return nullptr;
  auto* const header = static_cast<Header*>(std::malloc(sizeof(Header) + size));
  if (header == nullptr) return nullptr;
  header->size = size;
  if (counting) in_use += static_cast<std::int64_t>(size);
  return header + 1;
}

void release(void* memory) noexcept {
  if (memory == nullptr) return;
  auto* const header = static_cast<Header*>(memory) - 1;
  if (counting) in_use -= static_cast<std::int64_t>(header->size);
  std::free(header);
}

}  // namespace

// The other forms end in these, except those for more alignment than this, which stay the C++ library's.
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
