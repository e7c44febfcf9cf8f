// The figures of "callgate bench" in the JSON of Google Benchmark, which its compare.py and the usual actions that
// track benchmarks read, with what a later run needs to compare itself.
#pragma once

#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/measure/rounds.h"
#include "callgate/chain.hpp"
#include "callgate/program.hpp"

namespace callgate::cli {

// What was measured, where, and how. Figures of two runs say something about callgate only if these are alike.
struct Identity {
  std::vector<std::string> filters;  // hashes of the bytecode, oldest first
  std::string stream;                // hash of the calls
  std::string rule;                  // how the filters' results become one
  std::string processor;             // as bench::processor_model() has it
  std::string version;               // of callgate
  std::string compiler;              // that built it
  int bits = 0;                      // of the build
  double seconds = 0;                // --seconds
};

Identity identity_of(std::span<const Program> oldest_first, std::span<const SeccompData> calls, MergeRule rule,
                     double seconds);

struct Figure {
  std::string name;  // of the engine
  bench::Steady time;
  std::optional<double> instructions;         // machine instructions per decision; empty where they cannot be counted
  std::optional<double> attach_microseconds;  // empty for the empty call
  ChainSizes sizes;
  std::string remark;
};

struct Measured {
  Identity identity;
  std::vector<Figure> figures;  // the first one is the empty call
  std::size_t rounds = 0;
  std::size_t instructions = 0;  // of all filters
  std::size_t calls = 0;
};

std::string to_json(const Measured& measured);

// What a run that is to be compared with stands for.
struct Baseline {
  struct Engine {
    std::string name;
    double steps;
    std::optional<double> instructions;
    bool steady;
  };

  Identity identity;
  std::vector<Engine> engines;  // without the empty call; at least one
};

// The JSON is callgate bench's, but figures of its format mean something else or lack their identity.
struct OtherFormat : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws OtherFormat, or std::runtime_error if `text` is not such JSON at all.
Baseline read_baseline(const std::string& text);

}  // namespace callgate::cli
