// Nanoseconds per decision, of several deciders side by side.
#pragma once

#include <span>
#include <vector>

#include "bench/evaluators.h"

namespace callgate::bench {

struct Timing {
  double nanoseconds;  // per decision, median of the rounds
  double lower_quartile;
  double upper_quartile;
};

struct Timings {
  Timing empty_call;               // see bench/empty_call.h
  std::vector<Timing> evaluators;  // in the order given
};

// Takes turns: a chunk of calls on each decider, then the next chunk, so that a change of the machine's pace meets
// all of them alike. Runs for about `seconds`, at least three rounds. `calls` must not be empty.
Timings measure(std::span<const Evaluator> evaluators, std::span<const SeccompData> calls, double seconds);

// Microseconds to attach the programs to an empty chain, the release of the result included: the median of some.
double attach_microseconds(const Options& options, std::span<const Program> oldest_first);

}  // namespace callgate::bench
