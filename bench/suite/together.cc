#include "bench/suite/together.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>

#include "bench/measure/agreement.h"
#include "bench/measure/engines.h"
#include "bench/peers/peers.h"

namespace callgate::bench {
namespace {

constexpr double seconds_per_decider = 0.05;
constexpr double fewer_seconds = 0.03;  // where a figure has a neighbour that says almost the same

double seconds_for(Pace pace) { return pace == Pace::back_to_back ? seconds_per_decider : fewer_seconds; }

int passes_on_its_own(const Group& group) { return group.pace == Pace::in_pieces ? 1 : 8; }

struct Result {
  Timing own;
  Timing empty;  // of the empty call beside it
};

class Together {
 public:
  explicit Together(Group group) : group_(std::move(group)) {}

  // Whoever is wrong about one of the calls is out of it afterwards.
  Contest& contest() {
    Contest& all = group_.entrants->contest();
    if (!std::exchange(is_checked_, true)) check(all);
    return all;
  }
  const std::vector<SeccompData>& calls() { return group_.calls->get(); }

  // The next repetition of the decider of that name.
  Result next(const std::string& name) {
    const std::size_t repetition = asked_[name]++;
    while (repetition >= repetitions_.size()) measure();
    const std::map<std::string, Timing>& timings = repetitions_[repetition];
    return {timings.at(name), timings.at(empty_call_name)};
  }

  void run(Decider& decider, int passes) {
    decider.prepare(calls());
    for (int i = 0; i < passes; ++i) group_.pace == Pace::isolated ? decider.run_isolated() : decider.run();
  }

 private:
  void check(Contest& all) {
    const std::vector<Program>& programs = group_.entrants->programs();
    check_agreement(programs, all.engines(), calls());
    for (std::size_t i = 1 + all.engine_count; i < all.deciders.size();) {
      const std::string reason = why_out(programs, all.deciders[i], calls());
      if (reason.empty()) {
        ++i;
        continue;
      }
      all.absent.push_back({all.deciders[i]->name(), reason});
      all.deciders.erase(all.deciders.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  void measure() {
    const Contest& all = contest();
    const double seconds = seconds_for(group_.pace) * static_cast<double>(all.deciders.size());
    const auto timings = interleave(all.deciders, calls(), group_.pace, seconds, quietest_);
    std::map<std::string, Timing>& named = repetitions_.emplace_back();
    for (std::size_t i = 0; i < timings.size(); ++i) named[all.deciders[i]->name()] = timings[i];
  }

  Group group_;
  bool is_checked_ = false;
  Quietest quietest_;  // of all repetitions
  std::vector<std::map<std::string, Timing>> repetitions_;
  std::map<std::string, std::size_t> asked_;
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

void run(benchmark::State& state, Together& together, const std::string& name, int passes) {
  try {
    if (together.calls().empty()) return state.SkipWithError("absent: these filters judge no number by arguments");
    Contest& contest = together.contest();
    const std::optional<std::size_t> index = find(contest, name);
    if (!index) return state.SkipWithError(("absent: " + why_absent(contest, name)).c_str());
    Decider& decider = *contest.deciders[*index];
    const Result result = together.next(name);
    const auto decisions = static_cast<benchmark::IterationCount>(together.calls().size()) * passes;
    while (state.KeepRunningBatch(decisions)) {
      together.run(decider, passes);
      state.SetIterationTime(result.own.median * 1e-9 * static_cast<double>(decisions));
    }
    report(state, result, decider.about());
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

}  // namespace

Contest& Entrants::contest() {
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
  const int passes = passes_on_its_own(group);
  const auto decisions = static_cast<benchmark::IterationCount>(group.calls->size()) * passes;
  for (const std::string& name : group.entrants->names()) {
    const std::string title = fmt::format("{}/{}", group.title, name);
    const auto measured = [together, name, passes](benchmark::State& state) { run(state, *together, name, passes); };
    benchmark::RegisterBenchmark(title.c_str(), measured)->Iterations(decisions)->UseManualTime();
  }
}

}  // namespace callgate::bench
