// What the programs of one case keep coming back to: constants, words of the input, results. What a compiler learns
// from one test matters only where a later one, in this filter or in an older one, asks about the same value again.
#pragma once

#include <cstdint>

#include "oracles/generator/random.h"

namespace callgate::oracles {

class Vocabulary {
 public:
  explicit Vocabulary(Random& random);

  std::uint32_t constant(Random& random);   // one of those used before, a neighbour of one, or a new one
  std::uint32_t comparand(Random& random);  // often a system call number
  std::uint32_t word(Random& random);       // offset of a load, in bytes
  std::uint32_t result(Random& random);     // of a RET K: an action, with or without data

 private:
  std::uint32_t constants_[8];
  std::uint32_t results_[4];
  std::uint32_t words_[4];
};

}  // namespace callgate::oracles
