// The benchmarks of callgate-bench, by what they measure. Names read "what/of what/…"; see BENCHMARKS.md.
#pragma once

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "bench/filters/workload.h"
#include "bench/stream.h"

namespace callgate::bench {

// What all benchmarks share. Lives until the program ends.
struct Suite {
  std::vector<Workload> workloads = all_workloads();
  std::vector<NamedStream> streams = all_streams(CALLGATE_BENCH_STREAMS);

  const Workload& workload(const std::string& name) const;
};

void add_decisions(const Suite& suite);  // decide/, isolated/ and cold/: every workload, stream and evaluator
void add_attaching(const Suite& suite);  // attach/: every workload and engine

}  // namespace callgate::bench
