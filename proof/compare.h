// Do two chains decide alike? Verdicts with a call that tells them apart, run on both before anybody hears of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "proof/walk.h"

namespace callgate::proof {

enum class Verdict : std::uint8_t { equal, different, not_decided };

// The chain's decision on one call, by the interpreter.
std::uint32_t decision_of(const ChainRef& chain, const SeccompData& data);

// Calls for which the chains decide differently in one way.
struct Difference {
  Path path;
  SeccompData call;  // one of them
  std::uint32_t old_result;
  std::uint32_t new_result;
};

struct Comparison {
  Verdict verdict = Verdict::not_decided;
  std::vector<Difference> differences;  // each confirmed by its call
  std::vector<Path> open;               // regions for which it is not known whether they decide alike
  bool are_all = true;                  // false: there are more differences
};

// Which differences count.
enum class Relation : std::uint8_t {
  equality,  // every one
  subset,    // calls that the new chain lets run and the old one does not
};

// Whether a result lets the call run, whoever else looks at it: ALLOW and LOG.
bool lets_run(std::uint32_t result);

// Compares two chains that `walk` has walked. At most `most` differences are told.
Comparison compare(Walk& walk, const ChainRef& old_chain, const ChainRef& new_chain, Relation relation,
                   std::size_t most);

// The same from the start, for those who want the verdict only.
Comparison compare(const ChainRef& old_chain, const ChainRef& new_chain, const Budget& budget = {});

}  // namespace callgate::proof
