// How long decisions take, as a figure that comes out alike on a quiet machine and on a busy one.
//
// interleave() gives the median of what one layout of memory and one stretch of time showed. Where chains, inputs and
// generated code lie in memory changes a decision by some percent, and a neighbour that comes and goes by more. So a
// measurement has many short rounds, each with deciders made anew. What disturbs only ever adds time: of each decider
// the round counts in which the lower quartile of its chunks was lowest but one (the lowest may be luck). Rounds go on
// until that is steady, which takes longer on a busy machine.
//
// The unit is a step of the piece of work that runs around each chunk, as it was in the same round: eleven instructions
// that do not wait for each other. The empty call is none: where indirect calls follow each other it has two speeds, of
// which a run may see one.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/measure/interleave.h"

namespace callgate::bench {

// One decider's figures.
struct Steady {
  double steps = 0;  // the lower quartile, in steps, of the round in which that was lowest but one
  double apart = 0;  // how far the next round was above it, in parts of it
  Timing timing;     // of that round, in nanoseconds per decision

  bool is_steady() const { return apart <= 0.01; }
};

struct RoundsResult {
  std::vector<Steady> deciders;  // in the order in which make() gives them
  std::size_t rounds = 0;
};

struct RoundsPlan {
  std::function<std::vector<std::unique_ptr<Decider>>()> make;
  double seconds;  // for the usual number of rounds
  // Whether the figures so far will do; asked after the usual number of rounds. Rounds go on until it says so and all
  // are steady, but not for longer than five times the seconds.
  std::function<bool(const RoundsResult&)> enough = [](const RoundsResult&) { return true; };
  Progress progress = {};
};

RoundsResult measure_in_rounds(std::span<const SeccompData> calls, const RoundsPlan& plan);

}  // namespace callgate::bench
