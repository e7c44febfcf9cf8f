// Numbers that are the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace callgate::bench {

// Steele, Lea, Flood: "Fast splittable pseudorandom number generators" (SplitMix64).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t operator()() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  std::size_t below(std::size_t limit) { return static_cast<std::size_t>((*this)() % limit); }
  bool coin() { return (*this)() % 2 != 0; }

 private:
  std::uint64_t state_;
};

}  // namespace callgate::bench
