// From a failing case to the smallest one that still fails.
#pragma once

#include <functional>

#include "oracles/harness/finding.h"
#include "oracles/shrink/shrink.h"

namespace callgate::oracles {

// Whether the failure is still there. Asked about valid filters only.
using StillFails = std::function<bool(const Failing&)>;

// Drops filters, shrinks each of the others, and clears the input, as long as the failure stays; stops when nothing
// more can go. `failing` must fail.
Failing shrink(Failing failing, const StillFails& still_fails, const ShrinkLimits& limits = {});

}  // namespace callgate::oracles
