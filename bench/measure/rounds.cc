#include "bench/measure/rounds.h"

#include <algorithm>

namespace callgate::bench {
namespace {

constexpr std::size_t usual_rounds = 8;
constexpr std::size_t most_rounds = 5 * usual_rounds;

// The figures of one decider in all rounds so far.
class Collected {
 public:
  void add(const Timing& timing) {
    if (lower_quartiles_.empty() || timing.lower_quartile < *std::ranges::min_element(lower_quartiles_)) best_ = timing;
    lower_quartiles_.push_back(timing.lower_quartile);
  }

  Steady steady() const {
    std::vector<double> sorted = lower_quartiles_;
    std::ranges::sort(sorted);
    return {sorted.front(), sorted.size() > 1 ? sorted[1] / sorted[0] - 1 : 1, best_};
  }

 private:
  Timing best_;
  std::vector<double> lower_quartiles_;
};

RoundsResult result_of(const std::vector<Collected>& collected, double unit, std::size_t rounds) {
  RoundsResult result{{}, unit, rounds};
  for (const Collected& each : collected) result.deciders.push_back(each.steady());
  result.deciders.front().nanoseconds = unit;
  return result;
}

// The empty call is not compared with anything: its lowest chunk counts, which needs no second one.
bool is_steady(const RoundsResult& result) {
  return std::all_of(result.deciders.begin() + 1, result.deciders.end(),
                     [](const Steady& each) { return each.is_steady(); });
}

}  // namespace

RoundsResult measure_in_rounds(std::span<const SeccompData> calls, const RoundsPlan& plan) {
  std::vector<Collected> collected;
  Quietest quietest;
  double unit = std::numeric_limits<double>::max();
  for (std::size_t round = 1;; ++round) {
    const auto progress = [&](double done) {
      if (plan.progress) plan.progress((static_cast<double>(round - 1) + done) / static_cast<double>(usual_rounds));
    };
    const std::vector<std::unique_ptr<Decider>> deciders = plan.make();
    const auto timings = interleave(deciders, calls, Pace::back_to_back,
                                    plan.seconds / static_cast<double>(usual_rounds), quietest, progress);
    collected.resize(timings.size());
    for (std::size_t i = 0; i < timings.size(); ++i) collected[i].add(timings[i]);
    unit = std::min(unit, timings.front().lowest);
    if (round < usual_rounds) continue;
    const RoundsResult result = result_of(collected, unit, round);
    if (round == most_rounds || (plan.enough(result) && is_steady(result))) return result;
  }
}

}  // namespace callgate::bench
