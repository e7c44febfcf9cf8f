// Counts this thread's memory allocations and makes them fail. Programs that link allocations.cc get an allocator of
// their own: malloc and its kin; under sanitizers, which own those, operator new.
#pragma once

#include <cstddef>

namespace callgate::test {

std::size_t allocations() noexcept;      // made so far
std::ptrdiff_t live_allocations() noexcept;  // made and not freed so far

// While it lives, all allocations after the first `count` fail.
class FailAfter {
 public:
  explicit FailAfter(std::size_t count) noexcept;
  ~FailAfter();
  FailAfter(const FailAfter&) = delete;
  FailAfter& operator=(const FailAfter&) = delete;

  bool has_failed() const noexcept;  // an allocation was refused
};

}  // namespace callgate::test
