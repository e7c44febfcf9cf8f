// A small generator of random numbers that gives the same sequence on every compiler and word size (the
// distributions of <random> do not), so that a printed seed reproduces a failure anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace callgate::oracles {

// splitmix64.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) noexcept : state_(seed) {}

  constexpr std::uint64_t next() noexcept {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  constexpr std::uint32_t word() noexcept { return static_cast<std::uint32_t>(next() >> 32); }

  // A number in [0, bound); bound must not be 0. The bias of the multiplication does not matter here.
  constexpr std::uint32_t below(std::uint32_t bound) noexcept {
    return static_cast<std::uint32_t>((std::uint64_t{word()} * bound) >> 32);
  }
  constexpr std::uint32_t between(std::uint32_t low, std::uint32_t high) noexcept {
    return low + below(high - low + 1);
  }

  constexpr bool chance(std::uint32_t percent) noexcept { return below(100) < percent; }

  template <class T>
  constexpr const T& pick(std::span<const T> items) noexcept {
    return items[below(static_cast<std::uint32_t>(items.size()))];
  }
  template <class T, std::size_t n>
  constexpr const T& pick(const T (&items)[n]) noexcept {
    return items[below(static_cast<std::uint32_t>(n))];
  }

 private:
  std::uint64_t state_;
};

}  // namespace callgate::oracles
