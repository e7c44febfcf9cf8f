// One question, every engine: the differential test of the whole library.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "callgate/chain.hpp"

namespace callgate::test {

// Decides `inputs` with the chain on everything that can decide: Chain on every engine and optimisation level of this
// process, attached filter by filter and all at once, without executable memory, through match(); the decision graph's
// own decider; and, from a 64-bit process, x86_32 code in a 32-bit helper process when one was built. The reference
// is the interpreter, merged by lines of this test's own. Returns "" or a report of the first disagreement: engine,
// rule, the filters as text, the path through them, the input, and both results.
std::string run_everywhere(std::span<const Program> oldest_first, std::span<const SeccompData> inputs);

// The same with inputs derived from the filters, `count` for each.
std::string run_everywhere(std::span<const Program> oldest_first, std::uint64_t seed, std::size_t count);

// Engines that this process can force.
std::vector<Engine> native_engines();

}  // namespace callgate::test
