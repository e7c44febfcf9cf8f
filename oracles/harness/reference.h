// What a chain decides, by the interpreter and these few lines: what everything else is compared with.
#pragma once

#include <span>

#include "callgate/chain.hpp"

namespace callgate::oracles {

std::uint32_t reference(std::span<const Program> oldest_first, MergeRule rule, const SeccompData& data);

}  // namespace callgate::oracles
