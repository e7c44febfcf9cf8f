// Counts this thread's memory allocations and makes them fail. Programs that link allocations.cc get an allocator of
// their own: malloc and its kin, which operator new comes down to; under sanitizers and under valgrind (with
// CALLGATE_TEST_VALGRIND), which own those, operator new.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/support/sanitizers.h"

#ifndef CALLGATE_TEST_VALGRIND
#define CALLGATE_TEST_VALGRIND 0
#endif
#define CALLGATE_TEST_COUNTS_MALLOC (!CALLGATE_TEST_ASAN && !CALLGATE_TEST_TSAN && !CALLGATE_TEST_VALGRIND)

namespace callgate::test {

inline constexpr bool counts_malloc = CALLGATE_TEST_COUNTS_MALLOC;

std::size_t allocations() noexcept;          // made so far
std::ptrdiff_t live_allocations() noexcept;  // made and not freed so far

// Bytes of them, as the allocator rounds them up.
std::ptrdiff_t live_bytes() noexcept;
std::ptrdiff_t peak_bytes() noexcept;  // the most that were live since the last forget_peak()
void forget_peak() noexcept;

// What fails after the first ones: the next alone, as when another thread frees memory a moment later, or all.
enum class Failing : std::uint8_t { once, for_ever };

// While it lives, allocations after the first `count` fail, also in processes that are forked meanwhile.
class FailAfter {
 public:
  explicit FailAfter(std::size_t count, Failing failing = Failing::for_ever) noexcept;
  ~FailAfter();
  FailAfter(const FailAfter&) = delete;
  FailAfter& operator=(const FailAfter&) = delete;

  bool has_failed() const noexcept;  // an allocation was refused, here or there
};

}  // namespace callgate::test
