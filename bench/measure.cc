#include "bench/measure.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "bench/empty_call.h"

namespace callgate::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t chunk_size = 2048;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// The compiler must believe that the result is used and that all memory may have changed.
inline void use(std::uint32_t result) { asm volatile("" : : "r"(result) : "memory"); }

template <class Decide>
[[gnu::noinline]] double nanoseconds_per_call(std::span<const SeccompData> calls, const Decide& decide) {
  for (const SeccompData& data : calls) use(decide(data));  // warms up
  const Clock::time_point start = Clock::now();
  for (const SeccompData& data : calls) use(decide(data));
  return seconds_since(start) * 1e9 / static_cast<double>(calls.size());
}

Timing summary(std::vector<double> rounds) {
  std::ranges::sort(rounds);
  const std::size_t n = rounds.size();
  return {rounds[n / 2], rounds[n / 4], rounds[n * 3 / 4]};
}

}  // namespace

Timings measure(std::span<const Evaluator> evaluators, std::span<const SeccompData> calls, double seconds) {
  constexpr std::size_t fewest_rounds = 3;
  const EmptyCall empty;
  const EmptyCall::Function function = empty.function();
  std::vector<double> empty_rounds;
  std::vector<std::vector<double>> rounds(evaluators.size());
  const Clock::time_point start = Clock::now();
  for (std::size_t at = 0; empty_rounds.size() < fewest_rounds || seconds_since(start) < seconds;) {
    const std::span<const SeccompData> chunk = calls.subspan(at, std::min(chunk_size, calls.size() - at));
    empty_rounds.push_back(nanoseconds_per_call(chunk, [&](const SeccompData& data) { return function(&data); }));
    for (std::size_t i = 0; i < evaluators.size(); ++i) {
      const Chain& chain = evaluators[i].chain;
      rounds[i].push_back(nanoseconds_per_call(chunk, [&](const SeccompData& data) { return chain.evaluate(data); }));
    }
    at = at + chunk.size() < calls.size() ? at + chunk.size() : 0;
  }
  Timings timings{summary(empty_rounds), {}};
  for (std::vector<double>& each : rounds) timings.evaluators.push_back(summary(std::move(each)));
  return timings;
}

double attach_microseconds(const Options& options, std::span<const Program> oldest_first) {
  constexpr int repetitions = 9;
  const Expected<Chain, AttachError> empty = Chain::create(options);
  if (!empty) throw std::runtime_error(to_string(empty.error()));
  std::vector<double> times;
  for (int i = 0; i < repetitions; ++i) {
    const Clock::time_point start = Clock::now();
    {
      const Expected<Chain, AttachError> chain = empty->attach(oldest_first);
      if (!chain) throw std::runtime_error(to_string(chain.error()));
    }
    times.push_back(seconds_since(start) * 1e6);
  }
  return summary(std::move(times)).nanoseconds;
}

}  // namespace callgate::bench
