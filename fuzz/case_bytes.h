// A case as bytes, for libFuzzer: a choice (rule and engine), a count of filters, each filter as its length and its
// instructions, and system calls in what is left.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "fuzz/target.h"
#include "oracles/harness/case.h"

namespace callgate::fuzz {

struct ChosenCase {
  std::uint8_t engine = 0;  // index of a decider, to be taken modulo their number
  Case asked;
};

inline constexpr std::size_t max_chosen_filters = 6;
inline constexpr std::size_t max_made_filters = 3;
inline constexpr std::size_t max_made_insns = 32;  // of all filters of a case that other_case() makes
inline constexpr std::size_t max_chosen_inputs = 8;

// Empty if there is no filter or no input; filters need not be valid.
std::optional<ChosenCase> read_case(std::span<const std::uint8_t> bytes);
std::string write_case(const ChosenCase& chosen);

// Changes the filters (which stay valid), the inputs or the choice; starts anew where there is nothing to change. Cases
// stay small: many small ones find more than few large ones, which `callgate fuzz` has.
ChosenCase other_case(std::optional<ChosenCase> chosen, Random& random);

}  // namespace callgate::fuzz
