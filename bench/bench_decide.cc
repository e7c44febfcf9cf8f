// callgate-bench: time per decision and time to attach, of every workload on every engine. Flags and output formats
// are Google Benchmark's; scripts/bench.sh makes tables of them.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>

#include "bench/empty_call.h"
#include "bench/evaluators.h"
#include "bench/filters/workload.h"
#include "bench/stream.h"

namespace callgate::bench {
namespace {

struct Stream {
  std::string name;
  std::vector<SeccompData> calls;
};

std::vector<Stream> all_streams() {
  constexpr std::size_t uniform_calls = 4096;
  constexpr std::uint64_t seed = 1;
  const std::string path = CALLGATE_BENCH_STREAMS "/mix.calls";
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  return {{"mix", read_compact(file)}, {"uniform", uniform_stream(uniform_calls, seed)}};
}

// Batches of whole streams, so that the loop of the benchmark library weighs nothing.
template <class Decide>
void decide_stream(benchmark::State& state, const std::vector<SeccompData>& calls, const Decide& decide) {
  const auto batch = static_cast<benchmark::IterationCount>(calls.size());
  while (state.KeepRunningBatch(batch)) {
    for (const SeccompData& data : calls) {
      std::uint32_t result = decide(data);
      benchmark::DoNotOptimize(result);
      benchmark::ClobberMemory();
    }
  }
}

// On every run: the library's CSV demands the same counters everywhere.
void count_bytes(benchmark::State& state, const ChainSizes& sizes) {
  state.counters["code"] = static_cast<double>(sizes.code);
  state.counters["table"] = static_cast<double>(sizes.table);
}

void describe(benchmark::State& state, const Chain& chain) {
  count_bytes(state, chain.sizes());
  if (chain.fallback_reason() != FallbackReason::none) {
    state.SetLabel(fmt::format("runs on the interpreter: {}", rule(chain.fallback_reason())));
  }
}

void decide(benchmark::State& state, const Chain& chain, const std::vector<SeccompData>& calls) {
  decide_stream(state, calls, [&](const SeccompData& data) { return chain.evaluate(data); });
  describe(state, chain);
}

void empty_call(benchmark::State& state, const std::vector<SeccompData>& calls) {
  const EmptyCall empty;
  const EmptyCall::Function function = empty.function();
  decide_stream(state, calls, [=](const SeccompData& data) { return function(&data); });
  count_bytes(state, {});
  if (!empty.in_mapped_memory()) state.SetLabel("a function of this program");
}

void attach(benchmark::State& state, const Options& options, const std::vector<Program>& programs) {
  const Chain bare = *Chain::create(options);  // it worked for the evaluator
  ChainSizes sizes;
  for (auto _ : state) {
    const Expected<Chain, AttachError> chain = bare.attach(programs);
    if (!chain) return state.SkipWithError(to_string(chain.error()).c_str());
    sizes = chain->sizes();
  }
  count_bytes(state, sizes);
}

void check_agreement(const Workload& workload, const Stream& stream, const std::vector<Evaluator>& evaluators) {
  const std::vector<Program> programs = workload.programs();
  if (const auto found = find_disagreement(programs, evaluators, stream.calls)) {
    throw std::runtime_error(workload.name + " on " + stream.name + ": " + to_string(*found, stream.calls));
  }
}

// Everything that is measured, once all evaluators have agreed on every stream.
struct Registered {
  std::vector<Stream> streams = all_streams();
  std::vector<Workload> workloads = all_workloads();
  std::vector<std::vector<Program>> programs;
  std::vector<std::vector<Evaluator>> evaluators;

  Registered() {
    for (const Workload& workload : workloads) {
      programs.push_back(workload.programs());
      evaluators.push_back(make_evaluators(programs.back()));
      for (const Stream& stream : streams) check_agreement(workload, stream, evaluators.back());
    }
  }

  void add_all() const {
    for (const Stream& stream : streams) {
      benchmark::RegisterBenchmark(("decide/nothing/" + stream.name + "/empty call").c_str(), empty_call, stream.calls);
      for (std::size_t w = 0; w < workloads.size(); ++w) add_decisions(w, stream);
    }
    for (std::size_t w = 0; w < workloads.size(); ++w) add_attaching(w);
  }

  void add_decisions(std::size_t w, const Stream& stream) const {
    for (const auto& [name, chain] : evaluators[w]) {
      const std::string title = fmt::format("decide/{}/{}/{}", workloads[w].name, stream.name, name);
      benchmark::RegisterBenchmark(title.c_str(), decide, chain, stream.calls);
    }
  }

  void add_attaching(std::size_t w) const {
    for (const auto& [name, chain] : evaluators[w]) {
      const std::string title = fmt::format("attach/{}/{}", workloads[w].name, name);
      benchmark::RegisterBenchmark(title.c_str(), attach, chain.options(), programs[w])->Unit(benchmark::kMicrosecond);
    }
  }
};

}  // namespace
}  // namespace callgate::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  try {
    const callgate::bench::Registered registered;
    registered.add_all();
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
  } catch (const std::exception& error) {
    fmt::print(stderr, "callgate-bench: {}\n", error.what());
    return 1;
  }
}
