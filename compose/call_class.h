// The classes of system calls that a chain is specialised for: one for each number that the action table keeps, and a
// few for all the others, so that every call belongs to exactly one.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "callgate/insn.hpp"
#include "compose/ir_names.h"

namespace callgate::compose {

// The numbers of one architecture that are specialised one by one: first … first + numbers_per_domain - 1.
inline constexpr std::uint32_t numbers_per_domain = 512;

struct Domain {
  const char* name;
  std::uint32_t arch;
  std::uint32_t first;
};
inline constexpr std::array<Domain, 3> domains = {
    {{"x86_64", arch::x86_64, 0}, {"x32", arch::x86_64, arch::x32_bit}, {"i386", arch::x86_32, 0}}};
inline constexpr std::uint32_t domain_classes = numbers_per_domain * domains.size();

// The rest: an interval of numbers of an architecture, or all of every other architecture.
struct RestClass {
  const char* name;
  std::optional<std::uint32_t> arch;
  std::uint32_t low;
  std::uint32_t high;
};
inline constexpr std::array<RestClass, 4> rest_classes = {{
    {"x86_64 numbers between the tables", arch::x86_64, numbers_per_domain, arch::x32_bit - 1},
    {"x86_64 numbers above the tables", arch::x86_64, arch::x32_bit + numbers_per_domain, 0xffffffff},
    {"i386 numbers above the table", arch::x86_32, numbers_per_domain, 0xffffffff},
    {"other architectures", std::nullopt, 0, 0xffffffff},
}};

inline constexpr std::uint32_t class_count = domain_classes + rest_classes.size();

// The one number of a class that has just one.
constexpr std::uint32_t number_of(std::uint32_t class_id) {
  return domains[class_id / numbers_per_domain].first + class_id % numbers_per_domain;
}
constexpr std::uint32_t arch_of(std::uint32_t class_id) { return domains[class_id / numbers_per_domain].arch; }

// The class of a call; class_count for those that the action table does not keep.
constexpr std::uint32_t class_of(std::uint32_t nr, std::uint32_t arch_value) {
  for (std::uint32_t d = 0; d < domains.size(); ++d) {
    const std::uint32_t n = nr - domains[d].first;
    if (arch_value == domains[d].arch && n < numbers_per_domain) return d * numbers_per_domain + n;
  }
  return class_count;
}

// Where the run of equal values that starts at `first` ends. Neighbouring classes mostly are alike, so what costs more
// than a comparison is done once a run; long runs are compared eight at a time, most others are short.
template <class Value>
[[gnu::always_inline]] inline std::uint32_t run_end(std::span<const Value> by_class, std::uint32_t first) {
  constexpr std::ptrdiff_t step = 8;
  assert(first < by_class.size());
  const Value* const last = by_class.data() + by_class.size();
  const Value* at = by_class.data() + first;
  const Value value = *at++;
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint64_t pair = std::uint64_t{bits} << 32 | bits;
  while (last - at >= step && *at == value) {
    const auto differs = [&](std::ptrdiff_t i) {
      std::uint64_t two;
      std::memcpy(&two, at + i, sizeof two);
      return two ^ pair;
    };
    if ((differs(0) | differs(2) | differs(4) | differs(6)) != 0) break;
    at += step;
  }
  while (at != last && *at == value) ++at;
  return static_cast<std::uint32_t>(at - by_class.data());
}

// visit(first, end, value) for each run.
template <class Value, class Visit>
void for_each_run(std::span<const Value> by_class, Visit visit) {
  for (std::uint32_t first = 0, end = 0; first < by_class.size(); first = end) {
    end = run_end(by_class, first);
    visit(first, end, by_class[first]);
  }
}

}  // namespace callgate::compose
