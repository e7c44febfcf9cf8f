#include "bench/measure/rounds.h"

#include <algorithm>
#include <iterator>

namespace callgate::bench {
namespace {

constexpr std::size_t usual_rounds = 8;
constexpr std::size_t most_rounds = 5 * usual_rounds;

double steps_of(const Timing& round) { return round.lower_quartile * Quietest::spin_steps / round.spin; }

Steady steady(std::vector<Timing> rounds) {
  std::ranges::sort(rounds, {}, steps_of);
  const double steps = steps_of(rounds[1]);
  return {steps, steps_of(rounds[2]) / steps - 1, rounds[1]};
}

RoundsResult result_of(const std::vector<std::vector<Timing>>& timings) {
  RoundsResult result{{}, timings.front().size()};
  std::ranges::transform(timings, std::back_inserter(result.deciders), steady);
  return result;
}

}  // namespace

RoundsResult measure_in_rounds(std::span<const SeccompData> calls, const RoundsPlan& plan) {
  const double seconds = plan.seconds / static_cast<double>(usual_rounds);
  std::vector<std::vector<Timing>> timings;  // by decider and round
  Quietest quietest;
  for (std::size_t round = 0;; ++round) {
    const auto progress = [&](double done) {
      const double whole = (static_cast<double>(round) + done) / static_cast<double>(usual_rounds);
      if (plan.progress) plan.progress(std::min(whole, 1.0));
    };
    const std::vector<std::unique_ptr<Decider>> deciders = plan.make();
    timings.resize(deciders.size());
    const auto of_round = interleave(deciders, calls, Pace::back_to_back, seconds, quietest, progress);
    for (std::size_t i = 0; i < of_round.size(); ++i) timings[i].push_back(of_round[i]);
    if (round + 1 < usual_rounds) continue;
    const RoundsResult result = result_of(timings);
    const bool will_do = plan.enough(result) && std::ranges::all_of(result.deciders, &Steady::is_steady);
    if (round + 1 == most_rounds || will_do) return result;
  }
}

}  // namespace callgate::bench
