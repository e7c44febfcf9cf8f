// From a failing case to the smallest one that still fails.
#pragma once

#include <cstdint>
#include <functional>

#include "oracles/harness/finding.h"

namespace callgate::oracles {

// Whether the failure is still there. Asked about valid filters only.
using StillFails = std::function<bool(const Failing&)>;

struct ShrinkLimits {
  std::uint32_t max_questions = 20'000;
  double max_seconds = 60;
};

// Drops filters, instructions (jumps are aimed anew), jumps and constants' bits, and clears the input, as long as the
// failure stays; stops when nothing more can go. `failing` must fail.
Failing shrink(Failing failing, const StillFails& still_fails, const ShrinkLimits& limits = {});

// `program` without instructions first .. first + count - 1; jumps to one of them go to what follows them.
std::vector<Insn> without(const std::vector<Insn>& program, std::size_t first, std::size_t count);

}  // namespace callgate::oracles
