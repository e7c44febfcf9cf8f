// Calls counted by decision.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/stream.h"
#include "callgate/chain.hpp"

namespace callgate::bench {

// Calls that look alike in the report.
struct Group {
  std::string text;  // name, or name and arguments
  std::uint32_t result;
  std::optional<std::uint32_t> filter;  // the deciding one, oldest first; empty if none objected
  std::size_t count;
};

enum class By { name, arguments };

// Groups the calls whose being allowed is `allowed`, most frequent first and then in the order of their text.
std::vector<Group> tally(const Chain& chain, const Recording& recording, By by, bool allowed);

// "socket(0x11, 0x3, 0)", with as many arguments as were recorded; small negative ones in decimal.
std::string call_text(const SeccompData& data, std::size_t argument_count);
// "ALLOW", "ERRNO(1) EPERM".
std::string decision_text(std::uint32_t result);

}  // namespace callgate::bench
