// What decides a chain's calls, by number.
#pragma once

#include <cstddef>
#include <span>

#include "callgate/program.hpp"

namespace callgate::bench {

// Of the x86_64 numbers below 460: how many a constant decides, how many a record (check, list or
// conjunction), how many code.
struct Shares {
  std::size_t constants = 0;
  std::size_t records = 0;
  std::size_t code = 0;
};
Shares shares_of(std::span<const Program> oldest_first);

}  // namespace callgate::bench
