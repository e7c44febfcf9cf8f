// How long decisions take, of several deciders side by side.
//
// The deciders take turns, A B C A B C …, each for a chunk of some ten microseconds, so that whatever the machine
// does meanwhile meets all of them alike. Around each chunk runs a piece of work that fills the processor; where that
// took longer than usual, or the thread lost its processor, the chunk was disturbed and is dropped. BENCHMARKS.md has
// the reasons.
//
// A stream of some thousand calls that is decided over and over teaches branch predictors what comes next, and real
// calls do not. A stream of 64 Ki calls teaches them nothing, but lies in no near cache either, and reading it would be
// timed along: hence Pace::in_pieces.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "bench/measure/decider.h"

namespace callgate::bench {

// Nanoseconds per decision over the chunks that count.
struct Timing {
  double median = 0;  // l1_cold, l2_cold: the mean of the middle half, because the clock is coarse
  double lowest = 0;
  double lower_quartile = 0;
  double upper_quartile = 0;
  std::size_t chunks = 0;   // that count
  std::size_t dropped = 0;  // that were disturbed
  double spin = 0;          // lower quartile of what the piece of work around them took, in nanoseconds

  double spread() const { return median > 0 ? (upper_quartile - lower_quartile) / median : 0; }
};

enum class Pace {
  back_to_back,  // as many decisions at once as the processor can overlap
  isolated,      // one after the other
  in_pieces,     // back to back, in pieces of a long stream that are read beforehand: no call comes twice soon
  l1_cold,       // each with nothing of the decider in the first level of cache; what is used often is in the second
  l2_cold,       // each with nothing of the decider in the first two levels of cache
};
const char* name(Pace pace);

// Called now and then between chunks, with the part of the time that has passed: 0 … 1.
using Progress = std::function<void(double done)>;

// What is known of the machine when nothing disturbs it, from all measurements so far. A machine may be busy from the
// first to the last chunk of one: who measures several times passes the same one every time.
struct Quietest {
  static constexpr int spin_steps = 2400;
  double spin = std::numeric_limits<double>::max();  // nanoseconds that a fixed piece of work takes
};

// Lets the deciders decide `calls` for about `seconds` of this thread's time together, but at least three rounds. In
// the order given.
std::vector<Timing> interleave(std::span<const std::unique_ptr<Decider>> deciders, std::span<const SeccompData> calls,
                               Pace pace, double seconds, Quietest& quietest, const Progress& progress = {});

}  // namespace callgate::bench
