// Images of a chain by several engines, without being published.
#pragma once

#include <span>
#include <vector>

#include "dispatch/image.h"

namespace callgate::oracles {

// One for each of `engines`. Throws std::runtime_error if one does not compile the chain.
std::vector<detail::Image> compile_chain(std::span<const Program> oldest_first, MergeRule rule, Optimize level,
                                         std::span<const Engine> engines, Target target);

// Engines that make code for the target.
std::vector<Engine> engines_for(Target target);

// Engines whose code this process can run.
std::vector<Engine> engines_here();

}  // namespace callgate::oracles
