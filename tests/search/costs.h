// What it costs to attach a chain.
#pragma once

#include <cstddef>

#include "oracles/search/candidate.h"

namespace callgate::test {

// Counts, which are the same in every run of a build, but for what the allocator rounds up.
struct Counts {
  std::size_t peak = 0;      // bytes of heap while it is attached, beyond those before
  std::size_t kept = 0;      // bytes of heap and sealed data that the chain keeps
  std::size_t code = 0;      // bytes of machine code
  std::size_t nodes = 0;     // of all graphs of the plan
  std::size_t baseline = 0;  // filters in baseline form
};

// How its filters are attached.
enum class Attaching { at_once, one_by_one };

// Throws std::runtime_error if it cannot be attached.
Counts counts_of(const oracles::Candidate& candidate, Attaching attaching);

// Microseconds of this thread's CPU: the least of two attachments.
double microseconds_of(const oracles::Candidate& candidate, Attaching attaching);

// What every chain keeps to: nodes, code (docs/code-generation.md), and the heap that attaching takes.
void expect_within_bounds(const oracles::Candidate& candidate, const Counts& counts);

}  // namespace callgate::test
