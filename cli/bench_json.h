// The figures of "callgate bench" in the JSON of Google Benchmark, which its compare.py and the usual actions that
// track benchmarks read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/measure/interleave.h"
#include "callgate/chain.hpp"

namespace callgate::cli {

struct Figure {
  std::string name;                           // of the engine
  bench::Timing timing;                       // nanoseconds per decision
  double empty_calls = 1;                     // the same, as a multiple of an empty indirect call measured beside it
  std::optional<double> attach_microseconds;  // empty for the empty call
  ChainSizes sizes;
  std::string remark;
};

struct Measured {
  std::vector<Figure> figures;
  std::size_t filters = 0;
  std::size_t instructions = 0;
  std::size_t calls = 0;
};

std::string to_json(const Measured& measured);

// ChainGraph of a former run, in empty calls, by engine. Throws std::runtime_error if `text` is not such JSON.
std::vector<std::pair<std::string, double>> empty_calls_in_json(const std::string& text);

}  // namespace callgate::cli
