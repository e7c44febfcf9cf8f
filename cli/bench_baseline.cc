#include "cli/bench_baseline.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "bench/measure/engines.h"

namespace callgate::cli {
namespace {

bool times_count(const Limits& limits) { return limits.compared != Compared::instructions; }
bool instructions_count(const Limits& limits) { return limits.compared != Compared::times; }

// A time that was not steady when the baseline was made says nothing; where instructions are compared as well, they
// alone judge the engine then.
bool judges_time(const Baseline::Engine& engine, const Limits& limits) {
  return times_count(limits) && (engine.steady || !instructions_count(limits) || !engine.instructions);
}

std::string differs(const char* what, const std::string& baseline, const std::string& now) {
  return fmt::format("the baseline is of {} {}, this run of {}", what, baseline, now);
}

const Figure* find(const Measured& measured, const std::string& name) {
  const auto found = std::ranges::find(measured.figures, name, &Figure::name);
  return found == measured.figures.end() ? nullptr : &*found;
}

class Table {
 public:
  explicit Table(double limit) : limit_(limit) {
    text_ = fmt::format("\n{:<26} {:<12} {:>10} {:>10} {:>9}   (per decision; limit {:+.1f} %)\n",
                        "compared with the baseline", "", "before", "now", "change", 100 * limit);
  }

  void add(const std::string& engine, const char* what, double before, double now) {
    const double change = now / before - 1;
    const bool worse = !(change <= limit_);
    line(engine, what,
         fmt::format("{:>10.2f} {:>10.2f} {:>+7.1f} %{}", before, now, 100 * change, worse ? "  SLOWER" : ""));
    fine_ &= !worse;
    ++figures_;
  }

  void not_judged(const std::string& engine, const char* what, double before, double now) {
    line(engine, what,
         fmt::format("{:>10.2f} {:>10.2f}             not judged: not steady in the baseline", before, now));
  }

  void gone(const std::string& engine) {
    line(engine, "", "           GONE: this build or machine does not have the engine");
    fine_ = false;
  }

  void added(const std::string& engine) { line(engine, "", "           NEW: not in the baseline"); }

  Comparison result() const { return {text_, fine_ && figures_ > 0}; }
  std::size_t figures() const { return figures_; }

 private:
  void line(const std::string& engine, const char* what, const std::string& rest) {
    text_ += fmt::format("  {:<24} {:<12} {}\n", engine, what, rest);
  }

  double limit_;
  std::string text_;
  bool fine_ = true;
  std::size_t figures_ = 0;
};

}  // namespace

std::string why_incomparable(const Identity& baseline, const Identity& now, const Limits& limits) {
  if (baseline.filters != now.filters) {
    return differs("other filters: hashes", fmt::format("{}", fmt::join(baseline.filters, ", ")),
                   fmt::format("{}", fmt::join(now.filters, ", ")));
  }
  if (baseline.stream != now.stream) return differs("other calls: hash", baseline.stream, now.stream);
  if (baseline.rule != now.rule) return differs("--rule", baseline.rule, now.rule);
  if (baseline.bits != now.bits) {
    return differs("a build of so many bits:", std::to_string(baseline.bits), std::to_string(now.bits));
  }
  if (baseline.processor != now.processor && times_count(limits) && !limits.any_processor) {
    return differs("processor", baseline.processor, now.processor) +
           ": times cannot be compared. Keep a baseline for each processor; or --compare instructions, which do not "
           "depend on it; or --force";
  }
  return {};
}

std::vector<std::string> notes(const Baseline& baseline, const Identity& now, const Limits& limits) {
  const Identity& before = baseline.identity;
  std::vector<std::string> found;
  if (before.version != now.version) found.push_back(differs("callgate", before.version, now.version));
  if (before.compiler != now.compiler) found.push_back(differs("a build by", before.compiler, now.compiler));
  if (before.processor != now.processor) found.push_back(differs("processor", before.processor, now.processor));
  if (before.seconds != now.seconds) {
    found.push_back(differs("--seconds", fmt::format("{}", before.seconds), fmt::format("{}", now.seconds)));
  }
  for (const Baseline::Engine& engine : baseline.engines) {
    if (times_count(limits) && !engine.steady) {
      found.push_back(
          fmt::format("the baseline's time of {} was not steady: record it anew, on a quieter machine or "
                      "with more --seconds",
                      engine.name));
    }
  }
  return found;
}

bool times_are_fine(const Baseline& baseline, const bench::RoundsResult& measured,
                    const std::vector<std::string>& names, const Limits& limits) {
  if (!times_count(limits)) return true;
  return std::ranges::all_of(baseline.engines, [&](const Baseline::Engine& engine) {
    const auto at = std::ranges::find(names, engine.name);
    if (at == names.end() || !judges_time(engine, limits)) return true;  // the comparison says so
    const auto decider = static_cast<std::size_t>(at - names.begin());
    return measured.deciders[decider].steps <= engine.steps * (1 + limits.part);
  });
}

Comparison compare(const Baseline& baseline, const Measured& measured, const Limits& limits) {
  Table table(limits.part);
  bool uncounted = false;
  for (const Baseline::Engine& engine : baseline.engines) {
    const Figure* const figure = find(measured, engine.name);
    if (figure == nullptr) {
      table.gone(engine.name);
      continue;
    }
    const bool counted = engine.instructions && figure->instructions;
    uncounted |= !counted;
    if (instructions_count(limits) && counted) {
      table.add(engine.name, "instructions", *engine.instructions, *figure->instructions);
    }
    if (judges_time(engine, limits) || (times_count(limits) && !counted)) {
      table.add(engine.name, "time, steps", engine.steps, figure->time.steps);
    } else if (times_count(limits)) {
      table.not_judged(engine.name, "time, steps", engine.steps, figure->time.steps);
    }
  }
  for (const Figure& figure : measured.figures) {
    const bool is_engine = figure.name != bench::empty_call_name;
    const auto& engines = baseline.engines;
    const auto is_same = [&](const Baseline::Engine& engine) { return engine.name == figure.name; };
    if (is_engine && std::ranges::none_of(engines, is_same)) table.added(figure.name);
  }
  Comparison result = table.result();
  if (uncounted && instructions_count(limits)) {
    result.text += "  Instructions were not counted, here or for the baseline, so they are not compared.\n";
  }
  return result;
}

}  // namespace callgate::cli
