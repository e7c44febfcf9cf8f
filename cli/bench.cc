// callgate bench: one's own filters on one's own calls, on every engine.
#include <cmath>
#include <fstream>
#include <memory>
#include <sstream>

#include "bench/measure/agreement.h"
#include "bench/measure/compact.h"
#include "bench/measure/engines.h"
#include "bench/measure/instructions.h"
#include "bench/measure/rounds.h"
#include "cli/bench_baseline.h"
#include "cli/command.h"
#include "cli/filter_file.h"

namespace callgate::cli {
namespace {

struct BenchOptions {
  std::vector<std::string> filters;
  std::string stream;
  std::string baseline;
  std::string max_regress = "5%";
  Limits limits;
  bool json = false;
  double seconds = 3;
  MergeRule rule = MergeRule::first_non_allow;
  FilterOptions filter;
};

// "5%" or "0.05" → 0.05. A plain 5 would be 500 %, which nobody means.
double part(const std::string& text) {
  std::istringstream input(text);
  double value = 0;
  std::string rest;
  if (!(input >> value) || value < 0 || ((input >> rest) && rest != "%") || (rest.empty() && value >= 1)) {
    throw Failure(ExitCode::usage, "--max-regress is not a part such as 5% or 0.05: " + text);
  }
  return rest == "%" ? value / 100 : value;
}

std::vector<SeccompData> read_stream(Session& session, const std::string& name) {
  Input input(name);
  std::istringstream text(input.read_all());
  try {
    std::vector<std::string> remarks;
    std::vector<SeccompData> calls = bench::read_compact(text, &remarks);
    for (const std::string& remark : remarks) say(session, fmt::format("note: {}: {}", input.name(), remark));
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
    const auto deciders = make();
    for (const auto& decider : deciders) names_.push_back(decider->name());
    const std::span deciding = std::span(deciders).subspan(1);
    if (const auto found = bench::find_disagreement(programs_, deciding, calls_, options.rule)) {
      throw Failure(ExitCode::failed, "a bug in callgate: " + to_string(*found, calls_));
    }
  }

  Identity identity() const { return identity_of(programs_, calls_, options_.rule, options_.seconds); }

  // `baseline` may be null. What looks slower than it is looked at for longer, and the figures are those of all rounds.
  Measured measure(const Baseline* baseline, const Limits& limits) const {
    ProgressLine line("measuring");
    const bench::RoundsResult times = bench::measure_in_rounds(
        calls_, {[this] { return make(); }, options_.seconds,
                 [&](const bench::RoundsResult& so_far) {
                   return baseline == nullptr || times_are_fine(*baseline, so_far, names_, limits);
                 },
                 [&](double done) { line(done); }});
    Measured measured{identity(), {}, times.rounds, 0, calls_.size()};
    for (const Program& program : programs_) measured.instructions += program.size();
    const auto deciders = make();
    const auto chains = bench::all_chains(programs_, options_.rule);
    for (std::size_t i = 0; i < deciders.size(); ++i) {
      Figure figure{names_[i], times.deciders[i], instructions(*deciders[i]), {}, {}, deciders[i]->about().remark};
      if (i > 0) {
        figure.sizes = chains[i - 1].chain.sizes();
        figure.attach_microseconds = bench::attach_microseconds(chains[i - 1].chain.options(), programs_);
      }
      measured.figures.push_back(std::move(figure));
    }
    return measured;
  }

 private:
  // The empty call, then all engines.
  std::vector<std::unique_ptr<bench::Decider>> make() const {
    std::vector<std::unique_ptr<bench::Decider>> deciders;
    deciders.push_back(bench::empty_call_decider());
    for (bench::NamedChain& named : bench::all_chains(programs_, options_.rule)) {
      deciders.push_back(bench::decider_of(std::move(named.name), std::move(named.chain)));
    }
    return deciders;
  }

  // Instructions of a decision, over a few calls from all over the stream: always the same ones.
  std::optional<double> instructions(bench::Decider& decider) const {
    if (options_.limits.compared == Compared::times) return std::nullopt;
    constexpr std::size_t most = 64;
    std::vector<SeccompData> some;
    const std::size_t count = std::min(most, calls_.size());
    for (std::size_t i = 0; i < count; ++i) some.push_back(calls_[i * calls_.size() / count]);
    decider.prepare({});
    const auto around = bench::count_instructions([&] { decider.run(); });
    decider.prepare(some);
    const auto all = bench::count_instructions([&] { decider.run(); });
    if (!around || !all) return std::nullopt;
    return (static_cast<double>(*all) - static_cast<double>(*around)) / static_cast<double>(count);
  }

  std::vector<Program> programs_;
  std::vector<SeccompData> calls_;
  const BenchOptions& options_;
  std::vector<std::string> names_;
};

void print_table(Output& out, const Measured& measured) {
  out.print("{} filters, {} instructions; {} calls; {} rounds\n\n", measured.identity.filters.size(),
            measured.instructions, measured.calls, measured.rounds);
  out.print("{:<24} {:>9} {:>8} {:>12} {:>12} {:>9} {:>9} {:>8} {:>10}\n", "", "ns", "apart", "steps", "instructions",
            "speed-up", "code, B", "table, B", "attach, µs");
  const double interpreter = measured.figures[1].time.timing.lower_quartile;
  for (const Figure& figure : measured.figures) {
    const bench::Steady& time = figure.time;
    const std::string instructions = figure.instructions ? fmt::format("{:.2f}", *figure.instructions) : "-";
    out.print("{:<24} {:>9.2f} {:>6.1f} % {:>12.2f} {:>12} {:>8.1f}x", figure.name, time.timing.lower_quartile,
              100 * time.apart, time.steps, instructions, interpreter / time.timing.lower_quartile);
    if (figure.attach_microseconds) {
      out.print(" {:>9} {:>8} {:>10.1f}", figure.sizes.code, figure.sizes.table, *figure.attach_microseconds);
    }
    out.print("{}{}\n", figure.remark.empty() ? "" : "  ", figure.remark);
  }
}

Baseline read_baseline_file(const std::string& name) {
  Input input(name);
  try {
    return read_baseline(input.read_all());
  } catch (const OtherFormat& error) {
    throw Failure(ExitCode::incomparable, input.name() + ": " + error.what());
  } catch (const std::runtime_error& error) {
    throw Failure(ExitCode::usage, input.name() + ": " + error.what());
  }
}

void check_comparable(Session& session, const Baseline& baseline, const Bench& bench, const BenchOptions& options) {
  const std::string why = why_incomparable(baseline.identity, bench.identity(), options.limits);
  if (!why.empty()) throw Failure(ExitCode::incomparable, options.baseline + ": " + why);
  for (const std::string& note : notes(baseline, bench.identity(), options.limits)) say(session, "note: " + note);
}

ExitCode run(Session& session, BenchOptions options) {
  options.limits.part = part(options.max_regress);  // wrong usage shows before the wait
  std::vector<std::string> read = options.filters;
  read.insert(read.end(), {options.stream, options.baseline});
  refuse_reading_twice(read);
  std::optional<Baseline> baseline;
  if (!options.baseline.empty()) baseline = read_baseline_file(options.baseline);
  std::vector<Program> programs;
  for (const std::string& name : options.filters) programs.push_back(read_program(session, name, options.filter));
  const Bench bench(std::move(programs), read_stream(session, options.stream), options);
  if (baseline) check_comparable(session, *baseline, bench, options);
  const Measured measured = bench.measure(baseline ? &*baseline : nullptr, options.limits);
  options.json ? session.out.write(to_json(measured)) : print_table(session.out, measured);
  if (!baseline) return ExitCode::done;
  const Comparison comparison = compare(*baseline, measured, options.limits);
  if (options.json) {
    session.out.flush();
    tell(comparison.text);
  } else {
    session.out.write(comparison.text);
  }
  return comparison.fine ? ExitCode::done : ExitCode::failed;
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
  add_choice(command, "--compare", options->limits.compared,
             {{"both", Compared::both}, {"instructions", Compared::instructions}, {"times", Compared::times}},
             "Which figures must not be above the limit; without \"instructions\" none are counted");
  command.add_flag("--force", options->limits.any_processor, "Compare times of another processor model as well");
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
of 40 microseconds; chunks that something disturbed are dropped. This is done in eight rounds at least, each with
chains made anew: "ns" is the lower quartile of the best round but one, and "apart" how far the next was above it.
Rounds go on, for up to five times --seconds, until that is 1 % at most. "steps" is the same in steps of a native
loop that is measured around every chunk, so that the processor's frequency does not count; an empty call is an
indirect call to code that does nothing. "instructions" are what the processor executes for a decision, counted on 64
of the calls by single-stepping: they repeat exactly. "attach" is microseconds to attach the filters to an empty chain
and to release the result, the least of nine times.

Compared with a baseline are the figures that are printed: instructions and steps. While a time looks slower than
allowed, rounds go on. A baseline of other filters, of another stream or --rule, or of a build for another word size
is refused; one of another processor model too, unless times are not compared or --force is given.

Examples:
  callgate bench -f profile.json --stream service.calls
  callgate bench -f profile.json --stream service.calls --json > baseline.json
  callgate bench -f profile.json --stream service.calls --baseline baseline.json --max-regress 5%

Exit code: 0; 1 if a filter is invalid, engines disagree or a decision became slower than allowed; 2 if the input
cannot be read; 3 if the baseline is of something else.)");
  command.callback([options, &session] { session.exit = run(session, *options); });
}

}  // namespace callgate::cli
