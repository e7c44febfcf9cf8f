// callgate bench: one's own filters on one's own calls, on every engine.
#include <cmath>
#include <fstream>
#include <memory>
#include <sstream>

#include "bench/measure/agreement.h"
#include "bench/measure/compact.h"
#include "bench/measure/engines.h"
#include "bench/measure/interleave.h"
#include "cli/bench_json.h"
#include "cli/command.h"
#include "cli/filter_file.h"

namespace callgate::cli {
namespace {

struct BenchOptions {
  std::vector<std::string> filters;
  std::string stream;
  std::string baseline;
  std::string max_regress = "5%";
  bool json = false;
  double seconds = 3;
  MergeRule rule = MergeRule::first_non_allow;
  FilterOptions filter;
};

// "5%" or "0.05" → 0.05.
double part(const std::string& text) {
  std::istringstream input(text);
  double value = 0;
  std::string rest;
  if (!(input >> value) || value < 0 || ((input >> rest) && rest != "%")) {
    throw Failure(ExitCode::usage, "--max-regress is not a part such as 5% or 0.05: " + text);
  }
  return rest == "%" ? value / 100 : value;
}

std::vector<SeccompData> read_stream(const std::string& name) {
  Input input(name);
  std::istringstream text(input.read_all());
  try {
    std::vector<SeccompData> calls = bench::read_compact(text);
    if (calls.empty()) throw std::runtime_error("no call in it");
    return calls;
  } catch (const std::runtime_error& error) {
    throw Failure(ExitCode::usage, input.name() + ": " + error.what());
  }
}

// One line on a terminal that is rewritten, and gone in the end.
class ProgressLine {
 public:
  explicit ProgressLine(std::string what) : what_(std::move(what)), shown_(can_rewrite_lines()) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() {
    if (shown_) tell("\r\033[K");
  }

  void operator()(double done) {
    const int percent = static_cast<int>(done * 100);
    if (!shown_ || percent == last_) return;
    last_ = percent;
    tell(fmt::format("{}: {} %", what_, percent), "\r\033[K");
  }

 private:
  std::string what_;
  bool shown_;
  int last_ = -1;
};

class Bench {
 public:
  Bench(std::vector<Program> programs, std::vector<SeccompData> calls, const BenchOptions& options)
      : programs_(std::move(programs)), calls_(std::move(calls)), options_(options) {
    deciders_.push_back(bench::empty_call_decider());
    for (bench::NamedChain& named : bench::all_chains(programs_, options.rule)) {
      chains_.push_back(named.chain);
      deciders_.push_back(bench::decider_of(std::move(named.name), std::move(named.chain)));
    }
    const std::span deciding = std::span(deciders_).subspan(1);
    if (const auto found = bench::find_disagreement(programs_, deciding, calls_, options.rule)) {
      throw Failure(ExitCode::failed, "a bug in callgate: " + to_string(*found, calls_));
    }
  }

  Measured measure(const std::string& what) {
    ProgressLine line(what);
    const auto timings = bench::interleave(deciders_, calls_, bench::Pace::back_to_back, options_.seconds, quietest_,
                                           [&](double done) { line(done); });
    Measured measured;
    measured.filters = programs_.size();
    measured.calls = calls_.size();
    for (const Program& program : programs_) measured.instructions += program.size();
    for (std::size_t i = 0; i < timings.size(); ++i) {
      Figure figure{deciders_[i]->name(),        timings[i], timings[i].median / timings[0].median, {}, {},
                    deciders_[i]->about().remark};
      if (i > 0) {
        figure.sizes = chains_[i - 1].sizes();
        figure.attach_microseconds = bench::attach_microseconds(chains_[i - 1].options(), programs_);
      }
      measured.figures.push_back(std::move(figure));
    }
    return measured;
  }

 private:
  std::vector<Program> programs_;
  std::vector<SeccompData> calls_;
  const BenchOptions& options_;
  std::vector<Chain> chains_;
  std::vector<std::unique_ptr<bench::Decider>> deciders_;
  bench::Quietest quietest_;
};

void print_table(Output& out, const Measured& measured) {
  out.print("{} filters, {} instructions; {} calls\n\n", measured.filters, measured.instructions, measured.calls);
  out.print("{:<24} {:>9} {:>9} {:>8} {:>12} {:>9} {:>9} {:>8} {:>10}\n", "", "ns", "lowest", "spread", "empty calls",
            "speed-up", "code, B", "table, B", "attach, µs");
  const double interpreter = measured.figures[1].timing.median;
  for (const Figure& figure : measured.figures) {
    const bench::Timing& timing = figure.timing;
    out.print("{:<24} {:>9.2f} {:>9.2f} {:>6.1f} % {:>12.2f} {:>8.1f}x", figure.name, timing.median, timing.lowest,
              100 * timing.spread(), figure.empty_calls, interpreter / timing.median);
    if (figure.attach_microseconds) {
      out.print(" {:>9} {:>8} {:>10.1f}", figure.sizes.code, figure.sizes.table, *figure.attach_microseconds);
    }
    out.print("{}{}\n", figure.remark.empty() ? "" : "  ", figure.remark);
  }
}

// Empty calls per decision of a former run, by engine.
using Baseline = std::vector<std::pair<std::string, double>>;

Baseline read_baseline(const std::string& name) {
  Input input(name);
  try {
    return empty_calls_in_json(input.read_all());
  } catch (const std::runtime_error& error) {
    throw Failure(ExitCode::usage, input.name() + ": " + error.what());
  }
}

struct Change {
  std::string engine;
  double before;  // empty calls
  double now;

  double part() const { return now / before - 1; }
};

std::vector<Change> changes(const Measured& measured, const Baseline& baseline) {
  std::vector<Change> found;
  for (const auto& [engine, before] : baseline) {
    for (const Figure& figure : measured.figures) {
      if (figure.name == engine && engine != bench::empty_call_name)
        found.push_back({engine, before, figure.empty_calls});
    }
  }
  return found;
}

// A machine's neighbours can slow one engine down more than the empty call beside it, so a regression counts only if it
// shows in every one of three runs.
std::vector<Change> confirmed(Bench& bench, std::vector<Change> found, const Baseline& baseline, double limit) {
  const auto regressed = [&](const Change& change) { return change.part() > limit; };
  for (int again = 2; again <= 3 && std::ranges::any_of(found, regressed); ++again) {
    const auto next = changes(bench.measure(fmt::format("measuring again ({} of 3)", again)), baseline);
    for (std::size_t i = 0; i < found.size(); ++i) found[i].now = std::min(found[i].now, next[i].now);
  }
  return found;
}

// Compares with the baseline; whether nothing became slower than allowed.
bool compare(Session& session, Bench& bench, const Measured& measured, const Baseline& baseline,
             const BenchOptions& options) {
  const double limit = part(options.max_regress);
  std::vector<Change> found = changes(measured, baseline);
  if (found.empty()) throw Failure(ExitCode::usage, options.baseline + ": no engine of this run is in it");
  found = confirmed(bench, std::move(found), baseline, limit);
  std::string text = fmt::format("\n{:<24} {:>12} {:>12} {:>9}   (empty calls per decision; limit {:+.1f} %)\n",
                                 "compared with the baseline", "before", "now", "change", 100 * limit);
  bool fine = true;
  for (const Change& change : found) {
    const bool slower = change.part() > limit;
    fine &= !slower;
    text += fmt::format("{:<26} {:>12.2f} {:>12.2f} {:>7.1f} %{}\n", change.engine, change.before, change.now,
                        100 * change.part(), slower ? "  SLOWER" : "");
  }
  if (options.json) {
    tell(text);
  } else {
    session.out.write(text);
  }
  return fine;
}

ExitCode run(Session& session, const BenchOptions& options) {
  static_cast<void>(part(options.max_regress));  // wrong usage shows before the wait
  const Baseline baseline = options.baseline.empty() ? Baseline{} : read_baseline(options.baseline);
  std::vector<Program> programs;
  for (const std::string& name : options.filters) programs.push_back(read_program(session, name, options.filter));
  Bench bench(std::move(programs), read_stream(options.stream), options);
  const Measured measured = bench.measure("measuring");
  options.json ? session.out.write(to_json(measured)) : print_table(session.out, measured);
  if (options.baseline.empty()) return ExitCode::done;
  return compare(session, bench, measured, baseline, options) ? ExitCode::done : ExitCode::failed;
}

}  // namespace

void add_bench(CLI::App& app, Session& session) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App& command = *app.add_subcommand("bench", "Measure a chain of filters on recorded calls");
  command.add_option("-f,--filter", options->filters, "A filter file, oldest first (may be repeated)")
      ->required()
      ->type_name("FILE")
      ->allow_extra_args(false);
  command.add_option("--stream", options->stream, "The calls to decide, as callgate record writes them")
      ->required()
      ->type_name("FILE");
  command.add_option("--baseline", options->baseline, "Figures of a former run (--json) to compare with")
      ->type_name("FILE");
  command.add_option("--max-regress", options->max_regress, "How much slower than the baseline is an error")
      ->type_name("PART")
      ->capture_default_str();
  command.add_flag("--json", options->json, "Write JSON such as Google Benchmark does, not a table");
  command.add_option("--seconds", options->seconds, "How long to measure")
      ->type_name("S")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 3600.0).description(""));
  add_choice(command, "--rule", options->rule,
             {{name(MergeRule::first_non_allow), MergeRule::first_non_allow},
              {name(MergeRule::most_restrictive), MergeRule::most_restrictive}},
             "How the filters' results become one");
  add_filter_options(command, options->filter, "--input-format");
  command.footer(
      R"(Every engine of this build must first agree with the interpreter on every call. Then all take turns, in chunks
of 40 microseconds; chunks that something disturbed are dropped. Figures are medians; an empty call is an indirect
call to code that does nothing. Compared with a baseline are decisions in empty calls, so that it may come from
another machine of the same kind; what looks slower is measured three times before it counts.

Examples:
  callgate bench -f profile.json --stream service.calls
  callgate bench -f profile.json --stream service.calls --json > baseline.json
  callgate bench -f profile.json --stream service.calls --baseline baseline.json --max-regress 5%

Exit code: 0; 1 if a filter is invalid, engines disagree or a decision became slower than allowed; 2 if the input
cannot be read.)");
  command.callback([options, &session] { session.exit = run(session, *options); });
}

}  // namespace callgate::cli
