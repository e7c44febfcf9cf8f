// Residuals that look at several arguments, as data: one of a few conjunctions.
//
// Every way through the choices of a residual to a result is a conjunction; a result is that of all its ways. Filters
// that test one value after the other have one way to ALLOW, whatever they test:
//
//   s2: args[0]  0 … 0x3ff -> s1, else ERRNO         ways to ALLOW   args[0] in 0 … 0x3ff
//   s1: bits of args[2] & ~7 -> ERRNO, else s0  ==>                  and args[2] & ~7 in 0 … 0
//   s0: args[3]  1 … 8 -> ALLOW, else ERRNO                          and args[3] in 1 … 8
//                                                    ways to ERRNO   three
//
// The first two looks of this way ask for bits that are 0, so that it becomes the cheapest kind of record, bounds.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dispatch/looks.h"

namespace callgate::detail {

// Alternatives, of which one holds where the choice leads to one result and none where it leads to the other: bounds
// where these say it with no more alternatives, else conjunctions.
struct Alternatives {
  std::vector<callgate_bounds> bounds;
  std::vector<callgate_conjunction> conjunctions;
};

// Both empty if the choice has other results than two, computes, or needs more than callgate_conjunction can say. May
// throw std::bad_alloc.
Alternatives find_alternatives(const Looks& looks, jit::SwitchId id);

}  // namespace callgate::detail
