// Deciders that are measured together on the same calls, and reported one by one.
//
// All of a group take turns (bench/measure/interleave.h); the benchmark library then reports them as "TITLE/EVALUATOR".
// Its "real time" is the median of the undisturbed chunks, its "CPU time" that of a few more passes on its own. With
// --benchmark_repetitions everything is measured that often. Before anything is timed, everybody decides all calls: an
// engine that is wrong is an error; a peer that is wrong or crashes (it may, on filters that nobody here has seen)
// takes no part.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/measure/interleave.h"
#include "bench/peers/contest.h"
#include "bench/suite/suite.h"

namespace callgate::bench {

// What is needed of a chain, made when it is first needed: compilers of C take seconds.
class Entrants {
 public:
  Entrants(std::vector<Program> programs, Field field) : programs_(std::move(programs)), field_(field) {}

  const std::vector<Program>& programs() const { return programs_; }
  Contest& contest();
  std::vector<std::string> names() const;  // of all who might take part, known beforehand

 private:
  std::vector<Program> programs_;
  Field field_;
  std::unique_ptr<Contest> contest_;
};

struct Group {
  std::string title;
  std::shared_ptr<Entrants> entrants;
  std::shared_ptr<Calls> calls;
  Pace pace = Pace::back_to_back;
};

void add_group(const Group& group);

}  // namespace callgate::bench
