// callgate-demo: what a container's profile and a dozen hardening filters decide about the calls of a real program,
// on every engine, and how long they take. Its input is what strace wrote; scripts/demo.sh makes it.
#include <fmt/color.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <numeric>
#include <set>
#include <span>
#include <stdexcept>

#include "bench/filters/workload.h"
#include "bench/measure/agreement.h"
#include "bench/measure/engines.h"
#include "bench/measure/interleave.h"
#include "bench/peers/contest.h"
#include "bench/stream.h"
#include "bench/tally.h"
#include "callgate/version.hpp"
#include "calls/recording.h"

namespace callgate::bench {
namespace {

constexpr std::size_t width = 100;

struct Settings {
  std::string recording;
  std::string profile = container_profile;
  std::string stream_file;
  std::size_t sample = 0;
  double seconds = 2;
  bool show_all = false;
};

bool use_colour() { return isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr; }

void heading(const std::string& text) {
  const fmt::text_style style = use_colour() ? fmt::text_style(fmt::emphasis::bold) : fmt::text_style();
  fmt::print("\n{}\n{:-<{}}\n", fmt::styled(text, style), "", std::min(text.size(), width));
}

// The strictest in red.
fmt::text_style style_of(std::uint32_t result) {
  if (!use_colour()) return {};
  return fmt::fg(is_stricter(result, action::errno_) ? fmt::terminal_color::red : fmt::terminal_color::yellow);
}

std::string shortened(const std::string& text, std::size_t length) {
  return text.size() <= length ? text : text.substr(0, length - 3) + "...";
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

Recording read_recording(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  Recording recording = parse_strace(file);
  if (recording.calls.empty()) throw std::runtime_error(path + ": no system call in it");
  return recording;
}

void save_stream(const Settings& settings, const Recording& recording) {
  const std::size_t count = settings.sample == 0 ? recording.calls.size() : settings.sample;
  const std::vector<SeccompData> sample = sample_blocks(recording.calls, count);
  std::ofstream file(settings.stream_file);
  file << calls::recording_header << " (made from what strace wrote)\n";
  write_compact(file, sample);
  if (!file.flush()) throw std::runtime_error(settings.stream_file + ": cannot be written");
  fmt::print("\n{} calls written to {}\n", grouped(sample.size()), settings.stream_file);
}

void print_chain(const Workload& workload, const Chain& chain) {
  heading(fmt::format("The chain: {} filters, oldest first", workload.filters.size()));
  fmt::print("{:>3}  {:<60} {:>12} {:>10}\n", "#", "filter", "instructions", "converted");
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < workload.filters.size(); ++i) {
    const auto& [name, program] = workload.filters[i];
    fmt::print("{:>3}  {:<60} {:>12} {:>10}\n", i, name, program.size(), program.kernel_length());
    total += program.size();
  }
  fmt::print("     {:<60} {:>12} {:>10}\n", "together (converted: with the kernel's extra for each filter)",
             grouped(total), grouped(chain.path_length()));
}

void print_recording(const Recording& recording) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> kinds;
  for (const SeccompData& data : recording.calls) kinds.emplace(data.arch, data.nr);
  heading("The recording");
  fmt::print(
      "{} calls of {} kinds. Other lines: {} resumed calls, {} signals, {} exits,\n{} notices, {} not understood.\n",
      grouped(recording.calls.size()), kinds.size(), grouped(recording.resumed), grouped(recording.signals),
      grouped(recording.exits), grouped(recording.notices), grouped(recording.odd));
  for (const auto& [line, text] : recording.first_odd) {
    fmt::print("  line {}: {}\n", line, shortened(text, width - 16));
  }
  if (recording.guessed_arch > 0) {
    fmt::print(
        "Of {} calls name and number do not tell the mode (x86_64 or i386): taken for that of the thread's last.\n",
        grouped(recording.guessed_arch));
  }
}

std::size_t calls_of(std::span<const Group> groups) {
  return std::transform_reduce(groups.begin(), groups.end(), std::size_t{0}, std::plus{},
                               [](const Group& group) { return group.count; });
}

void print_total(std::span<const Group> groups) {
  fmt::print("{:>8}  calls in total, of {} kinds\n", grouped(calls_of(groups)), groups.size());
}

// Names and counts in columns, each read downwards.
void print_allowed(const std::vector<Group>& groups, std::size_t shown) {
  constexpr std::size_t columns = 3;
  const std::size_t rows = (shown + columns - 1) / columns;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t i = row; i < shown; i += rows) {
      const bool last = i + rows >= shown;
      fmt::print("{:>8}  {:<{}}", grouped(groups[i].count), shortened(groups[i].text, 22), last ? 0 : 23);
    }
    fmt::print("\n");
  }
  const std::size_t rest = calls_of(std::span(groups).subspan(shown));
  if (rest > 0) fmt::print("{:>8}  calls of {} other kinds (--all lists them)\n", grouped(rest), groups.size() - shown);
  print_total(groups);
}

void print_refused(const Workload& workload, const std::vector<Group>& groups, std::size_t shown) {
  constexpr std::size_t text_width = 36;
  constexpr std::size_t decision_width = 22;
  constexpr std::size_t filter_width = width - text_width - decision_width - 12;
  fmt::print("{:>8}  {:<{}} {:<{}} {}\n", "calls", "call", text_width, "decision", decision_width, "by filter");
  for (std::size_t i = 0; i < shown; ++i) {
    const Group& group = groups[i];
    const std::string decision = fmt::format("{:<{}}", decision_text(group.result), decision_width);
    const std::string filter = group.filter ? workload.filters[*group.filter].name : "-";
    fmt::print("{:>8}  {:<{}} {} {}\n", grouped(group.count), shortened(group.text, text_width), text_width,
               fmt::styled(decision, style_of(group.result)), shortened(filter, filter_width));
  }
  if (shown < groups.size()) fmt::print("          {} more (--all lists them)\n", groups.size() - shown);
  print_total(groups);
}

void print_decisions(const Settings& settings, const Workload& workload, const Chain& chain,
                     const Recording& recording) {
  constexpr std::size_t most_allowed = 30;
  constexpr std::size_t most_refused = 40;
  const auto shown = [&](const std::vector<Group>& groups, std::size_t most) {
    return settings.show_all ? groups.size() : std::min(groups.size(), most);
  };
  const std::vector<Group> allowed = tally(chain, recording, By::name, true);
  const std::vector<Group> refused = tally(chain, recording, By::arguments, false);
  heading("ALLOW: no filter objects");
  print_allowed(allowed, shown(allowed, most_allowed));
  heading("Not allowed, and by which filter");
  print_refused(workload, refused, shown(refused, most_refused));
}

void print_summary(const Chain& chain, const Recording& recording, std::size_t deciders) {
  const auto allowed = static_cast<std::size_t>(std::ranges::count_if(
      recording.calls, [&](const SeccompData& data) { return action_of(chain.evaluate(data)) == action::allow; }));
  std::set<std::string> distinct;
  for (std::size_t i = 0; i < recording.calls.size(); ++i) {
    distinct.insert(call_text(recording.calls[i], recording.argument_counts[i]));
  }
  const std::size_t calls = recording.calls.size();
  const auto percent = [&](std::size_t part) { return 100.0 * static_cast<double>(part) / static_cast<double>(calls); };
  heading("Summary");
  fmt::print("{:>8}  calls, {} of them distinct with their arguments\n", grouped(calls), grouped(distinct.size()));
  fmt::print("{:>8}  allowed ({:.2f} %)\n", grouped(allowed), percent(allowed));
  fmt::print("{:>8}  not allowed ({:.2f} %)\n", grouped(calls - allowed), percent(calls - allowed));
  fmt::print("{:>8}  ways to decide (engine, mode, level), which all gave the same 32 bits for every call\n", deciders);
}

void print_fallbacks(const std::vector<NamedChain>& chains) {
  for (const auto& [name, chain] : chains) {
    const std::string text = without_code(chain);
    if (!text.empty()) fmt::print("{}: {}\n", name, text);
  }
}

void print_speed(const Settings& settings, const std::vector<Program>& programs, const std::vector<NamedChain>& chains,
                 const Contest& contest, const Recording& recording) {
  Quietest quietest;
  const std::vector<Timing> timings =
      interleave(contest.deciders, recording.calls, Pace::back_to_back, settings.seconds, quietest);
  const double empty = timings[0].median;
  const double interpreter = timings[1].median;
  heading("Time per decision of the recorded calls (median of interleaved rounds)");
  fmt::print("{:<22} {:>9} {:>12} {:>14} {:>10} {:>10} {:>12}\n", "", "ns", "speed-up", "in empty calls", "code, B",
             "table, B", "attach, µs");
  fmt::print("{:<22} {:>9.2f} {:>12.1f} {:>14.2f}\n", "empty indirect call", empty, interpreter / empty, 1.0);
  for (std::size_t i = 0; i < chains.size(); ++i) {
    const auto& [name, chain] = chains[i];
    const double time = timings[i + 1].median;
    const ChainSizes sizes = chain.sizes();
    fmt::print("{:<22} {:>9.2f} {:>12.1f} {:>14.2f} {:>10} {:>10} {:>12.1f}\n", name, time, interpreter / time,
               time / empty, grouped(sizes.code), grouped(sizes.table), attach_microseconds(chain.options(), programs));
  }
  print_fallbacks(chains);
}

void run(const Settings& settings) {
  const Recording recording = read_recording(settings.recording);
  const Workload workload = service(settings.profile);
  const std::vector<Program> programs = workload.programs();
  const std::vector<NamedChain> chains = all_chains(programs);
  const Contest contest = make_contest(programs, Field::engines);
  if (const auto found = find_disagreement(programs, contest.deciding(), recording.calls)) {
    throw std::runtime_error("the engines disagree: " + to_string(*found, recording.calls));
  }
  const Chain& chain = chains.back().chain;
  fmt::print("callgate {}: decisions about a real program's system calls\n", CALLGATE_VERSION);
  print_chain(workload, chain);
  print_recording(recording);
  print_decisions(settings, workload, chain, recording);
  print_summary(chain, recording, chains.size());
  print_speed(settings, programs, chains, contest, recording);
  fmt::print("\nTotal: {} calls, decided by {} filters in {} ways: all give the same decisions\n",
             grouped(recording.calls.size()), chain.length(), contest.deciding().size());
  if (!settings.stream_file.empty()) save_stream(settings, recording);
}

}  // namespace
}  // namespace callgate::bench

int main(int argc, char** argv) {
  callgate::bench::Settings settings;
  CLI::App app(
      "Decides the system calls of an strace recording with a container profile and a dozen hardening "
      "filters on every engine, and shows decisions and times.");
  app.add_option("RECORDING", settings.recording,
                 std::string("file written by strace ") + callgate::bench::strace_options)
      ->required();
  app.add_option("--profile", settings.profile, "OCI seccomp profile to start from")->capture_default_str();
  app.add_option("--seconds", settings.seconds, "time to spend on measuring")->capture_default_str();
  app.add_flag("--all", settings.show_all, "list every kind of call");
  app.add_option("--write-stream", settings.stream_file, "also write the calls in compact form to this file");
  app.add_option("--sample", settings.sample, "about how many calls to write (0: all)");
  CLI11_PARSE(app, argc, argv);
  try {
    callgate::bench::run(settings);
  } catch (const std::exception& error) {
    fmt::print(stderr, "callgate-demo: {}\n", error.what());
    return 1;
  }
}
