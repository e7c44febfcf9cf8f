// decide/WORKLOAD/STREAM/EVALUATOR, isolated/… and cold/…: nanoseconds per decision.
//
// All evaluators of a workload and stream are measured together, taking turns (bench/interleave.h); the benchmark library
// then reports them one by one. Its "real time" is the median of the undisturbed chunks, its "CPU time" that of a few more
// passes on its own. With --benchmark_repetitions everything is measured that often.
#include <fmt/format.h>

#include <map>
#include <optional>

#include "bench/agreement.h"
#include "bench/contest.h"
#include "bench/engines.h"
#include "bench/interleave.h"
#include "bench/peers/peers.h"
#include "bench/suite/suite.h"

namespace callgate::bench {
namespace {

constexpr double seconds_per_evaluator = 0.06;
constexpr double seconds_per_cold_evaluator = 0.06;
constexpr int passes_on_its_own = 8;

// A workload's evaluators, made when they are first needed.
class Lists {
 public:
  explicit Lists(const Workload& workload) : programs_(workload.programs()) {}

  const std::vector<Program>& programs() const { return programs_; }
  const Contest& contest() {
    if (!contest_) contest_ = make_contest(programs_, Field::everybody);
    return *contest_;
  }

 private:
  std::vector<Program> programs_;
  std::optional<Contest> contest_;
};

// A workload on a stream.
class Cell {
 public:
  Cell(std::shared_ptr<Lists> lists, const NamedStream& stream, Pace pace)
      : lists_(std::move(lists)), stream_(stream), pace_(pace) {}

  std::size_t calls() const { return stream_.calls.size(); }
  const Contest& contest() { return lists_->contest(); }

  // The next repetition of the evaluator at `index`, and of the empty call beside it.
  struct Result {
    Timing own;
    Timing empty;
  };
  Result next(std::size_t index) {
    const std::size_t repetition = asked_[index]++;
    while (repetition >= repetitions_.size()) measure();
    return {repetitions_[repetition][index], repetitions_[repetition][0]};
  }

  void run(std::size_t index, int passes) {
    Evaluator& evaluator = *contest().evaluators[index];
    evaluator.prepare(stream_.calls);
    for (int i = 0; i < passes; ++i) pace_ == Pace::isolated ? evaluator.run_isolated() : evaluator.run();
  }

 private:
  void measure() {
    const Contest& all = contest();
    if (repetitions_.empty()) check_agreement(lists_->programs(), all.deciding(), stream_.calls);
    const double each = pace_ == Pace::cold ? seconds_per_cold_evaluator : seconds_per_evaluator;
    const double seconds = each * static_cast<double>(all.evaluators.size());
    repetitions_.push_back(interleave(all.evaluators, stream_.calls, pace_, seconds));
  }

  std::shared_ptr<Lists> lists_;
  const NamedStream& stream_;
  Pace pace_;
  std::vector<std::vector<Timing>> repetitions_;
  std::map<std::size_t, std::size_t> asked_;
};

void report(benchmark::State& state, const Cell::Result& result, const Footprint& footprint) {
  const auto& [own, empty] = result;
  state.counters["min"] = own.lowest;
  state.counters["q1"] = own.lower_quartile;
  state.counters["q3"] = own.upper_quartile;
  state.counters["empty_calls"] = own.median / empty.median;
  state.counters["chunks"] = static_cast<double>(own.chunks);
  state.counters["dropped"] = static_cast<double>(own.dropped);
  state.counters["code"] = static_cast<double>(footprint.code);
  state.counters["table"] = static_cast<double>(footprint.table);
}

std::optional<std::size_t> find(const Contest& contest, const std::string& name) {
  for (std::size_t i = 0; i < contest.evaluators.size(); ++i) {
    if (contest.evaluators[i]->name() == name) return i;
  }
  return std::nullopt;
}

std::string why_absent(const Contest& contest, const std::string& name) {
  for (const Absence& absence : contest.absent) {
    if (absence.name == name) return absence.reason;
  }
  return "not in this build";
}

void decide(benchmark::State& state, Cell& cell, const std::string& name) {
  try {
    const std::optional<std::size_t> index = find(cell.contest(), name);
    if (!index) return state.SkipWithError(("absent: " + why_absent(cell.contest(), name)).c_str());
    const Cell::Result result = cell.next(*index);
    const auto calls = static_cast<benchmark::IterationCount>(cell.calls());
    while (state.KeepRunningBatch(calls * passes_on_its_own)) {
      cell.run(*index, passes_on_its_own);
      state.SetIterationTime(result.own.median * 1e-9 * static_cast<double>(calls * passes_on_its_own));
    }
    const About& about = cell.contest().evaluators[*index]->about();
    report(state, result, about.footprint);
    state.SetLabel(about.remark);
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

std::vector<std::string> names_of_all(std::size_t filters) {
  std::vector<std::string> names{empty_call_name};
  for (const Options& options : available_options()) names.push_back(name_of(options));
  for (const Peer& peer : all_peers()) {
    if (filters >= peer.fewest_filters) names.push_back(peer.name);
  }
  return names;
}

const char* folder(Pace pace) {
  switch (pace) {
    case Pace::isolated: return "isolated";
    case Pace::cold: return "cold";
    default: return "decide";
  }
}

void add_cell(const Workload& workload, const std::shared_ptr<Lists>& lists, const NamedStream& stream, Pace pace) {
  const auto cell = std::make_shared<Cell>(lists, stream, pace);
  for (const std::string& name : names_of_all(workload.filters.size())) {
    const std::string title = fmt::format("{}/{}/{}/{}", folder(pace), workload.name, stream.name, name);
    const auto run = [cell, name](benchmark::State& state) { decide(state, *cell, name); };
    benchmark::RegisterBenchmark(title.c_str(), run)
        ->Iterations(static_cast<benchmark::IterationCount>(stream.calls.size()) * passes_on_its_own)
        ->UseManualTime();
  }
}

}  // namespace

void add_decisions(const Suite& suite) {
  std::vector<std::shared_ptr<Lists>> lists;
  for (const Workload& workload : suite.workloads) lists.push_back(std::make_shared<Lists>(workload));
  for (const Pace pace : {Pace::back_to_back, Pace::isolated, Pace::cold}) {
    for (const NamedStream& stream : suite.streams) {
      for (std::size_t w = 0; w < lists.size(); ++w) add_cell(suite.workloads[w], lists[w], stream, pace);
    }
  }
}

}  // namespace callgate::bench
