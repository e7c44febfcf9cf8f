#include "tests/support/allocations.h"

#include <malloc.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <new>

namespace callgate::test {
namespace {

constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

struct State {
  std::size_t made = 0;
  std::ptrdiff_t live = 0;
  std::ptrdiff_t live_bytes = 0;
  std::ptrdiff_t peak_bytes = 0;
  std::size_t left = never;  // allocations that may still succeed
  Failing failing = Failing::for_ever;
};
thread_local constinit State state;

// Whether one was refused. Processes that are forked share it.
bool* const refused =
    static_cast<bool*>(mmap(nullptr, sizeof(bool), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));

// Whether the next allocation may be made.
bool admit() noexcept {
  if (state.left == 0) {
    *refused = true;
    if (state.failing == Failing::once) state.left = never;
    errno = ENOMEM;
    return false;
  }
  if (state.left != never) --state.left;
  ++state.made;
  return true;
}

void* made(void* block) noexcept {
  if (block == nullptr) return nullptr;
  ++state.live;
  state.live_bytes += static_cast<std::ptrdiff_t>(malloc_usable_size(block));
  state.peak_bytes = std::max(state.peak_bytes, state.live_bytes);
  return block;
}

void freed_bytes(std::size_t bytes) noexcept {
  --state.live;
  state.live_bytes -= static_cast<std::ptrdiff_t>(bytes);
}

void freed(void* block) noexcept {
  if (block != nullptr) freed_bytes(malloc_usable_size(block));
}

}  // namespace

std::size_t allocations() noexcept { return state.made; }
std::ptrdiff_t live_allocations() noexcept { return state.live; }
std::ptrdiff_t live_bytes() noexcept { return state.live_bytes; }
std::ptrdiff_t peak_bytes() noexcept { return state.peak_bytes; }
void forget_peak() noexcept { state.peak_bytes = state.live_bytes; }

FailAfter::FailAfter(std::size_t count, Failing failing) noexcept {
  state.left = count;
  state.failing = failing;
  *refused = false;
}
FailAfter::~FailAfter() { state.left = never; }
bool FailAfter::has_failed() const noexcept { return *refused; }

}  // namespace callgate::test

using callgate::test::admit;
using callgate::test::freed;
using callgate::test::freed_bytes;
using callgate::test::made;

#if !CALLGATE_TEST_COUNTS_MALLOC

void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return admit() ? made(std::malloc(bytes)) : nullptr;
}
void* operator new(std::size_t bytes) {
  if (void* block = operator new(bytes, std::nothrow)) return block;
  throw std::bad_alloc();
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  void* block = nullptr;
  if (!admit() || posix_memalign(&block, static_cast<std::size_t>(alignment), bytes) != 0) return nullptr;
  return made(block);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  if (void* block = operator new(bytes, alignment, std::nothrow)) return block;
  throw std::bad_alloc();
}
void* operator new[](std::size_t bytes) { return operator new(bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t& tag) noexcept { return operator new(bytes, tag); }
void* operator new[](std::size_t bytes, std::align_val_t alignment) { return operator new(bytes, alignment); }
void* operator new[](std::size_t bytes, std::align_val_t alignment, const std::nothrow_t& tag) noexcept {
  return operator new(bytes, alignment, tag);
}
void operator delete(void* block) noexcept {
  freed(block);
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { operator delete(block); }
void operator delete[](void* block) noexcept { operator delete(block); }
void operator delete[](void* block, std::size_t) noexcept { operator delete(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { operator delete(block); }
void operator delete(void* block, std::align_val_t) noexcept { operator delete(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { operator delete(block); }
void operator delete(void* block, std::align_val_t, const std::nothrow_t&) noexcept { operator delete(block); }
void operator delete[](void* block, std::align_val_t) noexcept { operator delete(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { operator delete(block); }
void operator delete[](void* block, std::align_val_t, const std::nothrow_t&) noexcept { operator delete(block); }

#else

extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* block, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
void __libc_free(void* block);

void* malloc(std::size_t bytes) noexcept { return admit() ? made(__libc_malloc(bytes)) : nullptr; }
void* calloc(std::size_t count, std::size_t bytes) noexcept {
  return admit() ? made(__libc_calloc(count, bytes)) : nullptr;
}
void* realloc(void* block, std::size_t bytes) noexcept {
  if (!admit()) return nullptr;
  const std::size_t before = malloc_usable_size(block);
  void* const moved = __libc_realloc(block, bytes);
  if (moved == nullptr && bytes != 0) return nullptr;
  if (block != nullptr) freed_bytes(before);
  return made(moved);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  return admit() ? made(__libc_memalign(alignment, bytes)) : nullptr;
}
void* memalign(std::size_t alignment, std::size_t bytes) noexcept { return aligned_alloc(alignment, bytes); }
int posix_memalign(void** out, std::size_t alignment, std::size_t bytes) noexcept {
  void* const block = aligned_alloc(alignment, bytes);
  if (block == nullptr) return ENOMEM;
  *out = block;
  return 0;
}
void free(void* block) noexcept {
  freed(block);
  __libc_free(block);
}
}

#endif
