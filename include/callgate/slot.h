// A slot holds the chain that decides now: one atomic pointer, which readers load and writers replace. In C, because it
// is compiled into callers; programs use ChainSlot (callgate/chain_slot.hpp) or the functions of callgate/callgate.h.
//
// Thread safety: readers load `current` once and write nothing: handlers, any thread, children of vfork().
#pragma once

#include "callgate/decide.h"

#ifdef __cplusplus
#define CALLGATE_INLINE __attribute__((visibility("hidden"))) inline
#define CALLGATE_NOEXCEPT noexcept
extern "C" {
#else
#define CALLGATE_INLINE static inline
#define CALLGATE_NOEXCEPT
#endif

struct callgate_retired;

// Fields are the library's; their number may grow, so that only the library makes slots.
struct callgate_slot {
  const struct callgate_image* current;  // atomic; an owned reference, never null
  struct callgate_retired* retired;      // atomic; the chains that were replaced, newest first
  uint32_t state;                        // atomic; what seccomp(2), emulated, knows besides: see capi/seccomp.cc
};

// The chain that decides now. It stays valid until the slot is destroyed, or reclaims what it replaced.
CALLGATE_INLINE const struct callgate_image* callgate_slot_current(const struct callgate_slot* slot) CALLGATE_NOEXCEPT {
  return __atomic_load_n(&slot->current, __ATOMIC_ACQUIRE);
}

#ifdef __cplusplus
}  // extern "C"
#endif

#undef CALLGATE_INLINE
#undef CALLGATE_NOEXCEPT
