// attach/WORKLOAD/ENGINE: microseconds to attach a workload's filters to an empty chain, the release included.
#include <fmt/format.h>

#include "bench/engines.h"
#include "bench/suite/suite.h"

namespace callgate::bench {
namespace {

void attach(benchmark::State& state, const Options& options, const std::vector<Program>& programs) {
  const Expected<Chain, AttachError> bare = Chain::create(options);
  if (!bare) return state.SkipWithError(to_string(bare.error()).c_str());
  ChainSizes sizes;
  for (auto _ : state) {
    const Expected<Chain, AttachError> chain = bare->attach(programs);
    if (!chain) return state.SkipWithError(to_string(chain.error()).c_str());
    sizes = chain->sizes();
  }
  state.counters["code"] = static_cast<double>(sizes.code);
  state.counters["table"] = static_cast<double>(sizes.table);
}

}  // namespace

void add_attaching(const Suite& suite) {
  for (const Workload& workload : suite.workloads) {
    for (const Options& options : available_options()) {
      const std::string title = fmt::format("attach/{}/{}", workload.name, name_of(options));
      const auto run = [options, programs = workload.programs()](benchmark::State& state) {
        attach(state, options, programs);
      };
      benchmark::RegisterBenchmark(title.c_str(), run)->Unit(benchmark::kMicrosecond);
    }
  }
}

}  // namespace callgate::bench
