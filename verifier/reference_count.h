// A reference count that cannot be driven to zero by overflow.
#pragma once

#include <atomic>
#include <cstdint>

#include "callgate/export.hpp"

namespace callgate {
namespace CALLGATE_HIDDEN detail {

// Counts up to 2^31 - 1 references. Beyond this it is saturated for good: what it counts is never freed, which costs
// memory, where a count that wraps would cost a use after free. Room above and below the saturated value keeps threads
// that race there apart from the ends (as the kernel's refcount_t does). Thread-safe.
class ReferenceCount {
 public:
  void acquire() noexcept {
    if (count_.fetch_add(1, std::memory_order_relaxed) >= limit) saturate();
  }

  // Whether this was the last reference.
  bool release() noexcept {
    const std::uint32_t before = count_.fetch_sub(1, std::memory_order_acq_rel);
    if (before >= limit) saturate();
    return before == 1;
  }

 private:
  static constexpr std::uint32_t limit = 0x7fffffff;
  static constexpr std::uint32_t saturated = 0xc0000000;

  void saturate() noexcept { count_.store(saturated, std::memory_order_relaxed); }

  std::atomic<std::uint32_t> count_{1};
};

}  // namespace detail
}  // namespace callgate
