// Hill climbing: from random filters, by small changes, to those that cost most.
#pragma once

#include <cstdint>
#include <functional>

#include "oracles/search/candidate.h"

namespace callgate::oracles {

// What a candidate costs, in whatever unit is searched for. Asked about valid filters within the shape only.
using Cost = std::function<double(const Candidate&)>;

struct SearchLimits {
  std::uint32_t max_questions = 0xffffffff;
  double max_seconds = 1e9;
  std::uint32_t patience = 150;  // changes in a row that cost no more, before it starts anew
};

struct Find {
  Candidate candidate;
  double cost = 0;
  std::uint32_t questions = 0;  // asked in the whole search
};

// The dearest candidate found. A change is kept if it costs as much or more. The same seed and a cost that is a count
// give the same find, if questions are the limit.
Find climb(std::uint64_t seed, const Shape& shape, const Cost& cost, const SearchLimits& limits);

// The find, smaller: what goes without the cost falling below `share` of the find's.
Find trimmed(const Find& find, double share, const Cost& cost, const SearchLimits& limits);

}  // namespace callgate::oracles
