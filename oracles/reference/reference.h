// What a chain decides, by the interpreter and a few lines that share nothing with the library's: what everything else
// is compared with.
#pragma once

#include <cstdint>
#include <span>

#include "callgate/chain.hpp"

namespace callgate::oracles {

// What the rule makes of the results of a chain's filters, which the filters give in the order oldest first.
std::uint32_t merged(std::span<const std::uint32_t> oldest_first, MergeRule rule);

// The same, of the filters and the data that they decide.
std::uint32_t reference(std::span<const Program> oldest_first, MergeRule rule, const SeccompData& data);

}  // namespace callgate::oracles
