// The switch of a build with mutants (cmake/mutants.cmake): which known bug is on. No other build has it.
#pragma once

#include <cstdint>
#include <type_traits>

namespace callgate::mutant {

extern std::uint32_t active;  // a number from mutants.inc, counted from 1; 0: none

// What compilers evaluate is what it is without mutants.
constexpr bool is_on(std::uint32_t number) noexcept { return !std::is_constant_evaluated() && active == number; }

}  // namespace callgate::mutant
