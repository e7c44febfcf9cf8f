// Hides the arguments of recorded calls, such as addresses and sizes, without changing what filters decide.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <vector>

#include "callgate/insn.hpp"
#include "callgate/program.hpp"

namespace callgate::cli {

class HideArguments {
 public:
  // With a key of the system's random numbers, which nobody learns: equal arguments stay equal within one recording,
  // and recordings cannot be compared.
  explicit HideArguments(std::vector<Program> filters);

  // Replaces each 32-bit half of an argument by a hash of it, unless it is 0 or one of the values that the filters
  // compare with, and unless a filter's result would change: then the argument stays as it is.
  void operator()(SeccompData& data) const;

 private:
  std::uint64_t hidden(std::uint64_t argument) const;
  std::uint32_t hidden_half(std::uint32_t half) const;
  bool same_results(const SeccompData& a, const SeccompData& b) const;

  std::vector<Program> filters_;
  std::set<std::uint32_t> compared_;
  std::array<std::uint64_t, 2> key_;
};

// SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF") of the eight bytes of `value`, little-endian.
std::uint64_t siphash(const std::array<std::uint64_t, 2>& key, std::uint64_t value);

}  // namespace callgate::cli
