// Residuals that look at several arguments, as data: one of a few conjunctions of intervals.
//
// Every way through the choices of a residual to a result is a conjunction; a result is that of all its ways. Filters
// that test one value after the other have one way to ALLOW, whatever they test:
//
//   s2: args[0]  0 … 0x3ff -> s1, else ERRNO         ways to ALLOW   args[0] in 0 … 0x3ff
//   s1: bits of args[2] & ~7 -> ERRNO, else s0  ==>                  and args[2] & ~7 in 0 … 0
//   s0: args[3]  1 … 8 -> ALLOW, else ERRNO                          and args[3] in 1 … 8
//                                                    ways to ERRNO   three
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dispatch/looks.h"

namespace callgate::detail {

// The conjunctions, of which one holds where the choice leads to one result and none where it leads to the other. None
// if it has other results than two, computes, or needs more than callgate_conjunction can say. May throw
// std::bad_alloc.
std::vector<callgate_conjunction> find_conjunctions(const Looks& looks, jit::SwitchId id);

}  // namespace callgate::detail
