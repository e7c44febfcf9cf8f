// What ChainSlot and the functions of C do with a slot.
#pragma once

#include "callgate/callgate.h"
#include "callgate/chain.hpp"

namespace callgate::capi {

// What the kernel keeps beside the filters of a task: bits of callgate_slot::state.
inline constexpr std::uint32_t has_listener = 1;
inline constexpr std::uint32_t is_strict = 2;

callgate_slot slot_of(Chain first) noexcept;
void destroy(callgate_slot& slot) noexcept;

Chain current(const callgate_slot& slot) noexcept;

// Why there was no exchange.
enum class Exchange : std::uint8_t { done, changed, out_of_memory };

// Replaces the chain, which must still be the expected one, and retires it.
Exchange exchange(callgate_slot& slot, const Chain& expected, Chain desired) noexcept;

std::size_t retired(const callgate_slot& slot) noexcept;
std::size_t reclaim(callgate_slot& slot) noexcept;

}  // namespace callgate::capi
