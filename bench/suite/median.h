// Times of work that takes microseconds and more: each piece is timed alone, and the median counts. The clock is this
// thread's CPU time, system calls included, because pieces of milliseconds are preempted on any machine that is not
// idle.
#pragma once

#include <benchmark/benchmark.h>

#include <time.h>

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

namespace callgate::bench {

inline constexpr benchmark::IterationCount pieces = 31;

inline double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Repeats `work` for the benchmark's iterations and reports the median of their times. What it throws ends the
// benchmark.
template <class Work>
void report_median(benchmark::State& state, const Work& work) {
  try {
    while (state.KeepRunningBatch(pieces)) {
      std::vector<double> seconds(pieces);
      for (double& time : seconds) {
        const double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        work();
        time = seconds_of(CLOCK_THREAD_CPUTIME_ID) - start;
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
