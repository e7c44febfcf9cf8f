// How the results of filters that run one after the other become one result.
#pragma once

#include <cstdint>

namespace callgate::ir {

// As data, so that graphs and code need not know what a result means.
struct Sequence {
  std::uint32_t action_mask;  // the bits of a result that say what happens; the others are data
  std::uint32_t goes_on;      // a result with these bits lets the next filter decide; the result if none is left
  // False: the first result that does not go on is the result. True: all filters run, and the result whose action bits
  // are the least as a signed number stays, of equal ones the first.
  bool merges_all = false;

  constexpr bool lets_go_on(std::uint32_t result) const { return (result & action_mask) == goes_on; }
};

}  // namespace callgate::ir
