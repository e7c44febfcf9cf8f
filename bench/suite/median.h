// Times of work that takes microseconds and more: each piece is timed alone, and the median counts.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <vector>

namespace callgate::bench {

inline constexpr benchmark::IterationCount pieces = 31;

// Repeats `work` for the benchmark's iterations and reports the median of their times. What it throws ends the benchmark.
template <class Work>
void report_median(benchmark::State& state, const Work& work) {
  using Clock = std::chrono::steady_clock;
  try {
    while (state.KeepRunningBatch(pieces)) {
      std::vector<double> seconds(pieces);
      for (double& time : seconds) {
        const Clock::time_point start = Clock::now();
        work();
        time = std::chrono::duration<double>(Clock::now() - start).count();
      }
      std::ranges::sort(seconds);
      state.counters["min"] = seconds.front() * 1e6;
      state.SetIterationTime(seconds[pieces / 2] * static_cast<double>(pieces));
    }
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

template <class Run>
void add_median(const std::string& title, const Run& run) {
  benchmark::RegisterBenchmark(title.c_str(), run)->Unit(benchmark::kMicrosecond)->UseManualTime()->Iterations(pieces);
}

}  // namespace callgate::bench
