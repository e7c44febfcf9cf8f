// Neighbours of a candidate.
#pragma once

#include "oracles/generator/random.h"
#include "oracles/search/candidate.h"

namespace callgate::oracles {

// Where a climb may begin: random filters, a few instructions that are repeated with other constants until a filter is
// full, or filters that were made to explode.
Candidate start(Random& random, const Shape& shape);

// `candidate` with one change: a field, a run of instructions (dropped, repeated with other constants, taken from
// another filter), a whole filter, or the rule. Valid filters, within the shape.
Candidate changed(Random& random, const Candidate& candidate, const Shape& shape);

}  // namespace callgate::oracles
