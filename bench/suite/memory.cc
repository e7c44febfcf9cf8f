// memory/WORKLOAD/ENGINE: not a time but bytes, in the counters: heap, code, table and bytecode of a chain, and all of
// it per filter. The "time" is that of making the chain.
#include <fmt/format.h>

#include "bench/measure/engines.h"
#include "bench/measure/heap.h"
#include "bench/suite/suite.h"

namespace callgate::bench {
namespace {

void measure(benchmark::State& state, const Options& options, const std::vector<Program>& programs) {
  std::size_t heap = 0;
  ChainSizes sizes;
  for (auto _ : state) {
    const HeapCount count;
    const Chain chain = chain_of(options, programs);
    heap = static_cast<std::size_t>(count.bytes());
    sizes = chain.sizes();
  }
  const std::size_t mapped = sizes.code > 0 ? sizes.code + sizes.table + sizes.bytecode : 0;
  state.counters["heap"] = static_cast<double>(heap);
  state.counters["code"] = static_cast<double>(sizes.code);
  state.counters["table"] = static_cast<double>(sizes.table);
  state.counters["bytecode"] = static_cast<double>(sizes.bytecode);
  state.counters["per_filter"] = static_cast<double>(heap + mapped) / static_cast<double>(programs.size());
}

}  // namespace

void add_memory(const Suite& suite) {
  for (const Workload& workload : suite.workloads) {
    for (const Options& options : available_options()) {
      const auto run = [options, programs = workload.programs()](benchmark::State& state) {
        measure(state, options, programs);
      };
      benchmark::RegisterBenchmark(fmt::format("memory/{}/{}", workload.name, name_of(options)).c_str(), run)
          ->Unit(benchmark::kMicrosecond)
          ->Iterations(3);
    }
  }
}

}  // namespace callgate::bench
