// The filters of a chain: the only place of this room that looks behind the public face of one.
#pragma once

#include "callgate/chain.hpp"
#include "capi/filters.h"

namespace callgate::capi {

// Whether the chain was moved from.
bool is_moved_from(const Chain& chain) noexcept;

// Oldest first. May throw what standard containers throw.
Programs filters_of(const Chain& chain);

// Whether `newer` is `older` or came from it by attach(); a chain without filters is an ancestor of all. Filters of the
// same instructions that were attached apart are not the same. Source: is_ancestor() in kernel/seccomp.c.
bool is_ancestor(const Chain& older, const Chain& newer) noexcept;

}  // namespace callgate::capi
