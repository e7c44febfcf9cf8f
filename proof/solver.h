// Is there a call for which all conditions of a list hold?
#pragma once

#include <cstdint>
#include <span>

#include "proof/terms.h"

namespace callgate::proof {

enum class Answer : std::uint8_t { yes, no, unknown };

struct Solution {
  Answer answer = Answer::unknown;
  Words words{};  // of a call for which they hold, if yes; words that do not matter are 0
};

// Narrows what is known of each term by each condition until nothing changes, then takes a bit for 0 and for 1. `no`
// only if every case contradicts itself, `yes` only if the call is at hand. Counts `steps` down, one for each case of
// ordinary size, and answers unknown when there are none left.
Solution solve(const Terms& terms, std::span<const Literal> literals, std::uint64_t& steps);

}  // namespace callgate::proof
