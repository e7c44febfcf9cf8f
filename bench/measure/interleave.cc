#include "bench/measure/interleave.h"

#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <numeric>

namespace callgate::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double chunk_nanoseconds = 40'000;
constexpr double warm_up_nanoseconds = 10'000;
constexpr std::size_t fewest_rounds = 3;

// A chunk is disturbed if the spin around it took this much longer than a spin usually does.
constexpr double tolerated_spin = 1.10;

double nanoseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

// As many instructions at once as the processor can begin, always the same, whatever lies in the caches: about a
// microsecond. A neighbour on the other thread of the core takes half of the places from it, as it does from decisions,
// which are as dense; work that waits for itself would not notice.
double spin() {
  std::uint32_t a = 1;
  std::uint32_t b = 2;
  std::uint32_t c = 3;
  std::uint32_t d = 4;
  const auto step = [&] {
    asm volatile("nop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop"
                 : "+r"(a += 3), "+r"(b += 5), "+r"(c += 7), "+r"(d += 9));
  };
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < Quietest::spin_steps / 8; ++i) {
    step(), step(), step(), step();
    step(), step(), step(), step();
  }
  return nanoseconds_since(start);
}

// Time that this thread had a processor: beside busy neighbours there is less of it.
double thread_nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

long times_preempted() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nivcsw;
}

struct Sample {
  double nanoseconds;  // per decision
  double spin;         // the slower of those before and after
  bool preempted;
};

std::size_t rank(const std::vector<double>& sorted, double part) {
  return static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1));
}

double quantile(const std::vector<double>& sorted, double part) { return sorted[rank(sorted, part)]; }

// What a spin takes when nothing disturbs it: what one in twenty stays below, in the best of all runs so far. (A
// machine may be busy from the first to the last chunk of a run.)
double usual_spin(const std::vector<std::vector<Sample>>& all, Quietest& quietest) {
  std::vector<double> spins;
  for (const std::vector<Sample>& samples : all) {
    for (const Sample& sample : samples) spins.push_back(sample.spin);
  }
  std::ranges::sort(spins);
  quietest.spin = std::min(quietest.spin, quantile(spins, 0.05));
  return quietest.spin;
}

bool counts(const Sample& sample, double usual) { return !sample.preempted && sample.spin <= usual * tolerated_spin; }

bool is_cold(Pace pace) { return pace == Pace::l1_cold || pace == Pace::l2_cold; }

// Single decisions are as long as a few ticks of the clock, and their median a whole number of ticks: the mean of the
// middle half tells more.
double middle(const std::vector<double>& sorted, Pace pace) {
  if (!is_cold(pace)) return quantile(sorted, 0.5);
  const auto half = std::span(sorted).subspan(rank(sorted, 0.25), rank(sorted, 0.75) - rank(sorted, 0.25) + 1);
  const double mean = std::accumulate(half.begin(), half.end(), 0.0) / static_cast<double>(half.size());
  return std::clamp(mean, half.front(), half.back());  // not outside by a rounding
}

Timing summary(const std::vector<Sample>& samples, double usual, Pace pace) {
  std::vector<double> kept;
  for (const Sample& sample : samples) {
    if (counts(sample, usual)) kept.push_back(sample.nanoseconds);
  }
  const std::size_t dropped = samples.size() - kept.size();
  if (kept.empty()) {  // better a figure that says how bad it is than none
    std::ranges::transform(samples, std::back_inserter(kept), &Sample::nanoseconds);
  }
  std::ranges::sort(kept);
  std::vector<double> spins;
  std::ranges::transform(samples, std::back_inserter(spins), &Sample::spin);
  std::ranges::sort(spins);
  return {middle(kept, pace),       kept.front(), quantile(kept, 0.25), quantile(kept, 0.75),
          samples.size() - dropped, dropped,      quantile(spins, 0.25)};
}

// Runs `work` between two spins.
template <class Work>
Sample sample(double decisions, const Work& work) {
  const long preempted = times_preempted();
  const double before = spin();
  const Clock::time_point start = Clock::now();
  work();
  const double time = nanoseconds_since(start);
  const double after = spin();
  return {time / decisions, std::max(before, after), times_preempted() != preempted};
}

// When to stop: once the time is over; later where too few chunks count, but not without end.
class Budget {
 public:
  Budget(double seconds, const Progress& progress, Quietest& quietest)
      : nanoseconds_(seconds * 1e9), progress_(progress), quietest_(quietest) {}

  bool allows_another_round(const std::vector<std::vector<Sample>>& samples) {
    const double done = (thread_nanoseconds() - start_) / nanoseconds_;
    if (progress_) progress_(std::min(done, 1.0));
    if (rounds_++ < fewest_rounds || done < 1) return true;
    return done < longest && !enough(samples);
  }

 private:
  static constexpr double longest = 4;  // times what was asked for

  bool enough(const std::vector<std::vector<Sample>>& samples) const {
    const double usual = usual_spin(samples, quietest_);
    return std::ranges::all_of(samples, [&](const std::vector<Sample>& each) {
      return std::ranges::count_if(each, [&](const Sample& sample) { return counts(sample, usual); }) >= 8;
    });
  }

  double nanoseconds_;
  const Progress& progress_;
  Quietest& quietest_;
  double start_ = thread_nanoseconds();
  std::size_t rounds_ = 0;
};

// Passes over all calls, for one decider.
class Passes {
 public:
  Passes(const Decider& decider, std::size_t calls, bool isolated)
      : decider_(decider), calls_(static_cast<double>(calls)), isolated_(isolated) {
    pass();
    const double time = sample(1, [&] { pass(); }).nanoseconds;
    measured_ = passes_for(chunk_nanoseconds, time);
    warm_up_ = passes_for(warm_up_nanoseconds, time);
  }

  // The deciders before have left their traces in caches and predictors, so the first passes do not count.
  Sample chunk() const {
    repeat(warm_up_);
    return sample(calls_ * measured_, [&] { repeat(measured_); });
  }

 private:
  static int passes_for(double wanted, double one) { return std::max(1, static_cast<int>(wanted / one)); }
  void repeat(int passes) const {
    for (int i = 0; i < passes; ++i) pass();
  }
  void pass() const { isolated_ ? decider_.run_isolated() : decider_.run(); }

  const Decider& decider_;
  double calls_;
  bool isolated_;
  int measured_ = 1;
  int warm_up_ = 1;
};

std::vector<std::vector<Sample>> run_warm(std::span<const std::unique_ptr<Decider>> deciders, std::size_t calls,
                                          bool isolated, Budget budget) {
  std::vector<Passes> passes;
  for (const auto& decider : deciders) passes.emplace_back(*decider, calls, isolated);
  std::vector<std::vector<Sample>> samples(deciders.size());
  while (budget.allows_another_round(samples)) {
    for (std::size_t i = 0; i < passes.size(); ++i) samples[i].push_back(passes[i].chunk());
  }
  return samples;
}

// A long stream's pieces, for one decider: their calls are read before the clock runs, so that what is timed is
// deciding and not the memory that the stream lies in.
class Pieces {
 public:
  explicit Pieces(std::size_t calls) : calls_(calls) {}

  std::size_t count() const { return (calls_ + calls_in_one - 1) / calls_in_one; }

  // Decides `at` and those behind it. The piece in front does not count: the deciders before have left their traces in
  // the caches, and it is long ago that predictors saw it.
  Sample chunk(const Decider& decider, std::size_t at) const {
    decide(decider, (at + count() - 1) % count());
    const long preempted = times_preempted();
    const double before = spin();
    double time = 0;
    double decisions = 0;
    for (std::size_t i = 0; i < in_a_chunk; ++i) {
      const std::size_t piece = (at + i) % count();
      time += decide(decider, piece);
      decisions += static_cast<double>(part(piece).count);
    }
    return {time / decisions, std::max(before, spin()), times_preempted() != preempted};
  }

  static constexpr std::size_t in_a_chunk = 8;

 private:
  static constexpr std::size_t calls_in_one = 2048;  // 128 KiB: in the second level of cache

  Part part(std::size_t piece) const {
    const std::size_t first = piece * calls_in_one;
    return {first, std::min(calls_in_one, calls_ - first)};
  }
  double decide(const Decider& decider, std::size_t piece) const {
    decider.fetch(part(piece));
    const Clock::time_point start = Clock::now();
    decider.run(part(piece));
    return nanoseconds_since(start);
  }

  std::size_t calls_;
};

std::vector<std::vector<Sample>> run_in_pieces(std::span<const std::unique_ptr<Decider>> deciders, std::size_t calls,
                                               Budget budget) {
  const Pieces pieces(calls);
  std::vector<std::vector<Sample>> samples(deciders.size());
  std::size_t at = 0;
  while (budget.allows_another_round(samples)) {
    for (std::size_t i = 0; i < deciders.size(); ++i) samples[i].push_back(pieces.chunk(*deciders[i], at));
    at = (at + Pieces::in_a_chunk) % pieces.count();
  }
  return samples;
}

// More instructions than a first-level cache holds, one after the other: no jump, which would take places of the
// predictors away as well.
[[gnu::noinline]] void run_much_code() {
#if defined(__x86_64__) || defined(__i386__)
  asm volatile(".rept 12288\n\t.byte 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00\n\t.endr");  // 96 KiB of NOPs
#endif
}

// Leaves nothing else in the first level of cache, or in the first two.
class Eviction {
 public:
  explicit Eviction(Pace pace) : bytes_(pace == Pace::l1_cold ? std::size_t{96} << 10 : std::size_t{4} << 20, 1) {}

  void operator()() const {
    for (std::size_t i = 0; i < bytes_.size(); i += 64) use(bytes_[i]);
    run_much_code();
  }

 private:
  std::vector<unsigned char> bytes_;
};

// What a task did just before.
constexpr std::size_t calls_before = 32;

// Every decider decides the same call, then all go on to the next one.
std::vector<std::vector<Sample>> run_cold(std::span<const std::unique_ptr<Decider>> deciders, std::size_t calls,
                                          Pace pace, Budget budget) {
  constexpr std::size_t step = 61;  // no small factor in common with a stream's length: visits all calls in time
  const Eviction evict(pace);
  const double scale = nanoseconds_per_tick();
  std::vector<std::vector<Sample>> samples(deciders.size());
  std::size_t call = 0;
  while (budget.allows_another_round(samples)) {
    for (std::size_t i = 0; i < deciders.size(); ++i) {
      const std::size_t before = std::min(call, calls_before);
      if (pace == Pace::l1_cold) deciders[i]->run({call - before, before});
      evict();
      std::uint64_t ticks = 0;
      Sample one = sample(1, [&] { ticks = deciders[i]->ticks(call); });
      one.nanoseconds = static_cast<double>(ticks) * scale;
      samples[i].push_back(one);
    }
    call = (call + step) % calls;
  }
  return samples;
}

std::vector<std::vector<Sample>> run_at(Pace pace, std::span<const std::unique_ptr<Decider>> deciders,
                                        std::size_t calls, const Budget& budget) {
  switch (pace) {
    case Pace::back_to_back: return run_warm(deciders, calls, false, budget);
    case Pace::isolated: return run_warm(deciders, calls, true, budget);
    case Pace::in_pieces: return run_in_pieces(deciders, calls, budget);
    case Pace::l1_cold:
    case Pace::l2_cold: break;
  }
  return run_cold(deciders, calls, pace, budget);
}

}  // namespace

const char* name(Pace pace) {
  switch (pace) {
    case Pace::back_to_back: return "back to back";
    case Pace::isolated: return "isolated";
    case Pace::in_pieces: return "back to back, in pieces";
    case Pace::l1_cold: return "L1-cold";
    case Pace::l2_cold: return "L2-cold";
  }
  return "unknown";
}

double nanoseconds_per_tick() {
  static const double scale = [] {
    const Clock::time_point start = Clock::now();
    const std::uint64_t first = ticks_now();
    while (nanoseconds_since(start) < 5e6) {
    }
    const std::uint64_t last = ticks_now();
    return nanoseconds_since(start) / static_cast<double>(last - first);
  }();
  return scale;
}

std::vector<Timing> interleave(std::span<const std::unique_ptr<Decider>> deciders, std::span<const SeccompData> calls,
                               Pace pace, double seconds, Quietest& quietest, const Progress& progress) {
  for (const auto& decider : deciders) decider->prepare(calls);
  const Budget budget(seconds, progress, quietest);
  const std::vector<std::vector<Sample>> samples = run_at(pace, deciders, calls.size(), budget);
  const double usual = usual_spin(samples, quietest);
  std::vector<Timing> timings;
  for (const std::vector<Sample>& each : samples) timings.push_back(summary(each, usual, pace));
  return timings;
}

}  // namespace callgate::bench
