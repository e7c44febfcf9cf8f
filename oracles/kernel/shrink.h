// From a filter on which two sides differ to the smallest one found that still shows it.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "callgate/insn.hpp"

namespace callgate::kernel {

using StillDiffers = std::function<bool(std::span<const Insn>)>;

// Leaves out instructions, in runs and one by one, then makes constants and jumps smaller, as long as `still_differs`
// says so of the outcome; asks it at most `tries` times. The filter may be invalid, and so may those that are tried.
std::vector<Insn> shrink(std::vector<Insn> filter, const StillDiffers& still_differs, std::size_t tries = 4000);

}  // namespace callgate::kernel
