// System calls that reach into programs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "callgate/insn.hpp"
#include "oracles/generator/random.h"

namespace callgate::oracles {

// Makes inputs for one or more programs of a chain: for each comparison the word that it asks about takes the value
// that makes it equal, its neighbours and its bit flips (undoing the arithmetic in between), alone and with the
// comparisons that follow it; words that are compared with each other become equal; halves of arguments are swapped;
// nr, arch and the x32 bit take odd values; the rest is drawn from the programs' constants and from edge values. Keeps
// its memory from case to case.
class InputGenerator {
 public:
  // Forgets the programs before.
  void start(std::uint64_t seed);

  // Adds a program; it must stay where it is while inputs are written.
  void add(std::span<const Insn> program);

  // More comparisons than inputs are sampled, not truncated.
  void write(std::span<SeccompData> inputs);

 private:
  static constexpr std::uint32_t words = sizeof(SeccompData) / 4;
  using Words = std::array<std::uint32_t, words>;

  struct Comparison {
    const Insn* load;  // of the word; null if A's origin is not known
    const Insn* branch;
    std::uint32_t k;     // what A is compared with, unless
    std::int32_t other;  // this word is, when not negative
  };

  void add_comparison(const Insn* load, const Insn* branch, std::uint32_t k, std::int32_t other);
  void fill_pool();
  void background(Words& w);
  std::uint32_t number(std::uint32_t bits);
  void satisfy(Words& w, const Comparison& comparison, std::size_t round);
  std::uint32_t near(std::uint32_t k, std::size_t round);

  Random random_{0};
  std::vector<Comparison> comparisons_;
  std::array<std::uint32_t, 16> pool_{};
};

// The same, in one call.
std::vector<SeccompData> inputs_for(std::span<const Insn> program, std::uint64_t seed, std::size_t count);

}  // namespace callgate::oracles
