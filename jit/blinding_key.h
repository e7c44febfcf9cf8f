// What constants are blinded with: the masks that stand in code beside them. A constant of a filter that is blinded
// stands there as two words, neither of which its author can foresee: so that he cannot have instructions of his own
// lie in the middle of ours (JIT spraying).
#pragma once

#include <cstdint>

#include "jit/landing_pad.h"

namespace callgate::jit {

struct BlindingKey {
  bool all = false;         // every constant; else those that have a landing pad in them
  std::uint64_t value = 0;  // unknown to the authors of filters if `all`

  // The same value has the same mask: sizes are counted before bytes are written. Neither the mask nor its exclusive or
  // with the value has a landing pad, and no byte of the mask is 0.
  constexpr std::uint64_t mask(std::uint64_t constant) const {
    if (!all) return blinding_mask(constant);
    for (std::uint64_t state = value + constant;; state = mix(state)) {
      const std::uint64_t mask = with_all_bytes(mix(state ^ mix(value)));
      if (!has_landing_pad(mask) && !has_landing_pad(constant ^ mask)) return mask;
    }
  }

 private:
  // The finaliser of SplitMix64 (Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, 2014).
  static constexpr std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
  }
  static constexpr std::uint64_t with_all_bytes(std::uint64_t mask) {
    for (unsigned shift = 0; shift < 64; shift += 8) {
      if ((mask >> shift & 0xff) == 0) mask |= std::uint64_t{0x5a} << shift;
    }
    return mask;
  }
};

// A key of random bytes for all constants: of getrandom(2), or, where the system refuses that, of those that it gave
// the process at its start (AT_RANDOM), the time and an address. Never fails.
BlindingKey make_blinding_key() noexcept;

}  // namespace callgate::jit
