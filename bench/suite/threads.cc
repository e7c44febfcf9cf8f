// threads/N/ENGINE: nanoseconds per decision of each of N threads that share one chain. Evaluating writes nothing, so
// it is the same for all N. (CPU time: other programs may want the processors too.)
#include <fmt/format.h>

#include <thread>

#include "bench/measure/engines.h"
#include "bench/suite/suite.h"

namespace callgate::bench {
namespace {

void decide(benchmark::State& state, const Chain& chain, const std::vector<SeccompData>& calls) {
  const auto batch = static_cast<benchmark::IterationCount>(calls.size());
  while (state.KeepRunningBatch(batch)) {
    for (const SeccompData& data : calls) use(chain.evaluate(data));
  }
}

}  // namespace

void add_threads(const Suite& suite) {
  const std::vector<Program> programs = suite.workload("service").programs();
  const auto calls = suite.streams.front().calls;
  const auto processors = static_cast<int>(std::max(2U, std::thread::hardware_concurrency()));
  for (const Options& options : available_options()) {
    const auto chain = std::make_shared<const Chain>(chain_of(options, programs));
    for (int threads = 1; threads <= processors; threads *= 2) {
      const auto run = [chain, calls](benchmark::State& state) { decide(state, *chain, calls->get()); };
      benchmark::RegisterBenchmark(fmt::format("threads/{}/{}", threads, name_of(options)).c_str(), run)
          ->Threads(threads)
          ->MinTime(0.1);
    }
  }
}

}  // namespace callgate::bench
