#include "bench/suite/together.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <map>
#include <optional>

#include "bench/measure/agreement.h"
#include "bench/measure/engines.h"
#include "bench/peers/peers.h"

namespace callgate::bench {
namespace {

constexpr double seconds_per_decider = 0.06;
constexpr int passes_on_its_own = 8;

struct Result {
  Timing own;
  Timing empty;  // of the empty call beside it
};

class Together {
 public:
  explicit Together(Group group) : group_(std::move(group)) {}

  const Contest& contest() { return group_.entrants->contest(); }
  std::size_t calls() const { return group_.calls->size(); }

  // The next repetition of the decider at `index`.
  Result next(std::size_t index) {
    const std::size_t repetition = asked_[index]++;
    while (repetition >= repetitions_.size()) measure();
    return {repetitions_[repetition][index], repetitions_[repetition][0]};
  }

  void run(std::size_t index, int passes) {
    Decider& decider = *contest().deciders[index];
    decider.prepare(*group_.calls);
    for (int i = 0; i < passes; ++i) group_.pace == Pace::isolated ? decider.run_isolated() : decider.run();
  }

 private:
  void measure() {
    const Contest& all = contest();
    if (repetitions_.empty()) check_agreement(group_.entrants->programs(), all.deciding(), *group_.calls);
    const double seconds = seconds_per_decider * static_cast<double>(all.deciders.size());
    repetitions_.push_back(interleave(all.deciders, *group_.calls, group_.pace, seconds, quietest_));
  }

  Group group_;
  Quietest quietest_;  // of all repetitions
  std::vector<std::vector<Timing>> repetitions_;
  std::map<std::size_t, std::size_t> asked_;
};

std::optional<std::size_t> find(const Contest& contest, const std::string& name) {
  for (std::size_t i = 0; i < contest.deciders.size(); ++i) {
    if (contest.deciders[i]->name() == name) return i;
  }
  return std::nullopt;
}

std::string why_absent(const Contest& contest, const std::string& name) {
  for (const Absence& absence : contest.absent) {
    if (absence.name == name) return absence.reason;
  }
  return "not in this build";
}

void report(benchmark::State& state, const Result& result, const About& about) {
  const auto& [own, empty] = result;
  state.counters["min"] = own.lowest;
  state.counters["q1"] = own.lower_quartile;
  state.counters["q3"] = own.upper_quartile;
  state.counters["empty_calls"] = own.median / empty.median;
  state.counters["chunks"] = static_cast<double>(own.chunks);
  state.counters["dropped"] = static_cast<double>(own.dropped);
  state.counters["code"] = static_cast<double>(about.footprint.code);
  state.counters["table"] = static_cast<double>(about.footprint.table);
  state.SetLabel(about.remark);
}

void run(benchmark::State& state, Together& together, const std::string& name) {
  try {
    const std::optional<std::size_t> index = find(together.contest(), name);
    if (!index) return state.SkipWithError(("absent: " + why_absent(together.contest(), name)).c_str());
    const Result result = together.next(*index);
    const auto decisions = static_cast<benchmark::IterationCount>(together.calls()) * passes_on_its_own;
    while (state.KeepRunningBatch(decisions)) {
      together.run(*index, passes_on_its_own);
      state.SetIterationTime(result.own.median * 1e-9 * static_cast<double>(decisions));
    }
    report(state, result, together.contest().deciders[*index]->about());
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

}  // namespace

const Contest& Entrants::contest() {
  if (!contest_) contest_ = std::make_unique<Contest>(make_contest(programs_, field_));
  return *contest_;
}

std::vector<std::string> Entrants::names() const {
  std::vector<std::string> names{empty_call_name};
  for (const Options& options : available_options()) names.push_back(name_of(options));
  if (field_ == Field::engines) return names;
  for (const Peer& peer : all_peers()) {
    if (programs_.size() >= peer.fewest_filters) names.push_back(peer.name);
  }
  return names;
}

void add_group(const Group& group) {
  const auto together = std::make_shared<Together>(group);
  const auto decisions = static_cast<benchmark::IterationCount>(group.calls->size()) * passes_on_its_own;
  for (const std::string& name : group.entrants->names()) {
    const std::string title = fmt::format("{}/{}", group.title, name);
    const auto measured = [together, name](benchmark::State& state) { run(state, *together, name); };
    benchmark::RegisterBenchmark(title.c_str(), measured)->Iterations(decisions)->UseManualTime();
  }
}

}  // namespace callgate::bench
