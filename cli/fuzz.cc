// callgate fuzz: do all engines decide as the interpreter does?
#include <memory>

#include "cli/command.h"
#include "cli/helper_32.h"
#include "oracles/harness/jobs.h"
#include "oracles/harness/reproducer.h"

namespace callgate::cli {
namespace {

using oracles::DeciderKind;

enum class Levels : std::uint8_t { none, full, both };
enum class Rules : std::uint8_t { first_non_allow, most_restrictive, both };

struct FuzzOptions {
  std::uint64_t programs = 100'000;
  std::uint64_t first = 0;
  std::vector<std::string> engines;
  Levels levels = Levels::both;
  Rules rule = Rules::both;
  std::uint32_t jobs = 1;
  bool times = false;
  bool quiet = false;
  oracles::Config config;
};

std::vector<DeciderKind> kinds(const FuzzOptions& options) {
  const std::vector<DeciderKind> available = oracles::available_deciders(options.config);
  if (options.engines.empty()) return available;
  std::vector<DeciderKind> chosen;
  for (const std::string& word : options.engines) {
    for (const DeciderKind each :
         {DeciderKind::xbyak, DeciderKind::asmjit, DeciderKind::table, DeciderKind::match, DeciderKind::graph}) {
      if (word == oracles::name(each)) chosen.push_back(each);
    }
  }
  return chosen;  // "interp" is none of them: it is always there
}

// Of large cases fewer together: a batch must end before it counts as hanging.
std::uint32_t batch_size(const oracles::Config& config) {
  constexpr std::uint32_t usual_length = 64;
  constexpr std::uint32_t most_insns = 1u << 20;
  const std::uint32_t insns = config.max_filters * (config.length != 0 ? config.length : usual_length);
  return std::clamp(most_insns / insns, 1u, config.batch);
}

oracles::RunOptions run_options(const FuzzOptions& options) {
  oracles::RunOptions run{
      .config = options.config, .first = options.first, .count = options.programs, .jobs = options.jobs};
  run.config.kinds = kinds(options);
  run.config.batch = batch_size(options.config);
  if (options.levels == Levels::none) run.config.levels = {Optimize::none};
  if (options.levels == Levels::full) run.config.levels = {Optimize::full};
  if (options.rule == Rules::first_non_allow) run.config.rule = MergeRule::first_non_allow;
  if (options.rule == Rules::most_restrictive) run.config.rule = MergeRule::most_restrictive;
  return run;
}

// One line that is written over on a terminal, and one a second elsewhere.
void show_progress(const oracles::Progress& progress, std::uint64_t count) {
  const bool is_last = progress.cases == count;
  const std::string text = fmt::format("{} of {} cases, {:.0f} programs/s", progress.cases, count,
                                       static_cast<double>(progress.filters) / progress.seconds);
  if (can_rewrite_lines()) {
    tell(text, "\r", is_last ? "\033[K\n" : "\033[K");
  } else {
    tell(text, "", "\n");
  }
}

std::string summary(const FuzzOptions& options, const oracles::RunResult& result) {
  return fmt::format(
      "{} cases, {} programs of {} instructions, {} decisions compared, {} declined; seed {}, {:.0f} programs/s",
      result.tally.cases, result.tally.filters, result.tally.instructions, result.tally.decisions,
      result.tally.declined, options.config.seed, static_cast<double>(result.tally.filters) / result.seconds);
}

// Processor time, so that other processes and the number of jobs do not matter.
void show_times(Session& session, const oracles::RunResult& result) {
  std::uint64_t all = 0;
  for (const std::uint64_t spent : result.spent) all += spent;
  const auto per_program = [&](std::uint64_t spent) {
    return static_cast<double>(spent) / static_cast<double>(std::max<std::uint64_t>(result.tally.filters, 1));
  };
  for (std::uint32_t i = 0; i < oracles::phase_count; ++i) {
    session.out.print("{:<10} {:8.0f} ns a program\n", oracles::phase_names[i], per_program(result.spent[i]));
  }
  session.out.print("{:<10} {:8.0f} ns a program: {:.0f} programs/s a core\n", "all", per_program(all),
                    1e9 / per_program(all));
}

ExitCode run(Session& session, FuzzOptions& options) {
  if (options.first > ~std::uint64_t{0} - options.programs) {
    throw Failure(ExitCode::usage, "--first: there are no so many cases behind it\nRun with --help for the usage.");
  }
  options.config.helper_32 = helper_32();
  if (const std::string why = oracles::target_obstacle(options.config); !why.empty()) {
    throw Failure(ExitCode::usage, fmt::format("--target {}: {}", name(options.config.target), why));
  }
  if (options.config.target == Target::x86_32 && !options.quiet) say_who_runs_32_bit_code(session);
  oracles::RunOptions run = run_options(options);
  if (!options.quiet)
    run.progress = [&](const oracles::Progress& progress) { show_progress(progress, options.programs); };
  oracles::RunResult result;
  try {
    result = oracles::run_jobs(run);
  } catch (const std::invalid_argument& error) {
    throw Failure(ExitCode::usage, std::string(error.what()) + "\nRun with --help for the usage.");
  }
  session.out.print("{}\n", summary(options, result));
  if (options.times) show_times(session, result);
  if (!result.bad) {
    session.out.write("no disagreement\n");
    return ExitCode::done;
  }
  session.out.print("case {} of seed {}, made as small as it goes:\n{}", result.bad->index, options.config.seed,
                    oracles::reproducer(result.bad->finding));
  return ExitCode::failed;
}

void add_options(CLI::App& command, FuzzOptions& options) {
  const auto at_least_one = CLI::Range(std::uint64_t{1}, ~std::uint64_t{0} >> 1).description("");
  command.add_option("--programs", options.programs, "Cases to run")
      ->check(at_least_one)
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--seed", options.config.seed, "Another seed, other cases")
      ->check(whole_number())
      ->type_name("S")
      ->capture_default_str();
  command.add_option("--first", options.first, "Index of the first case, to run one of them again")
      ->check(whole_number())
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--engines", options.engines,
                  "Who is compared with the interpreter (default: all that this build has)")
      ->delimiter(',')
      ->check(CLI::IsMember({"interp", "xbyak", "asmjit", "table", "match", "graph"}).description(""))
      ->type_name("interp|xbyak|asmjit|table|match|graph,…");
  add_choice(command, "--optimize", options.levels,
             {{"both", Levels::both}, {"none", Levels::none}, {"full", Levels::full}}, "How native code is made");
  add_choice(command, "--rule", options.rule,
             {{"both", Rules::both},
              {"first_non_allow", Rules::first_non_allow},
              {"most_restrictive", Rules::most_restrictive}},
             "How the filters' results become one; both takes one or the other for each case");
  add_choice(command, "--target", options.config.target,
             {{"native", Target::native}, {"x86_64", Target::x86_64}, {"x86_32", Target::x86_32}},
             "The machine that code is made for;\nx86_32 code runs in a helper process, which qemu-i386 runs if the\n"
             "kernel does not");
  command.add_option("--chains", options.config.max_filters, "Chains of up to N filters instead of single filters")
      ->check(CLI::Range(1, 64).description(""))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--length", options.config.length, "Instructions of every filter; 0 for a mixture up to 4096")
      ->check(CLI::Range(0, 4096).description(""))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--inputs", options.config.inputs, "System calls for each case")
      ->check(CLI::Range(1, 4096).description(""))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--jobs", options.jobs, "Processes")
      ->check(CLI::Range(1, 1024).description(""))
      ->type_name("J")
      ->capture_default_str();
  command.add_flag("--times", options.times, "Tell where the processor time went");
  command.add_flag("--quiet", options.quiet, "No progress on standard error");
}

}  // namespace

void add_fuzz(CLI::App& app, Session& session) {
  auto options = std::make_shared<FuzzOptions>();
  CLI::App& command =
      *app.add_subcommand("fuzz", "Compare all engines with the interpreter on random filters and calls");
  add_options(command, *options);
  command.footer(R"(Examples:
  callgate fuzz --programs 1000000 --jobs 8
  callgate fuzz --chains 6 --seed 7
  callgate fuzz --engines xbyak --optimize none --length 32 --times

The same seed gives the same cases with any number of jobs. A case that fails, crashes or hangs is printed as small as
it can be made, as a test to paste.

Exit code: 0 if all agree, 1 if an engine disagrees, 2 on wrong usage.)");
  command.callback([options, &session] { session.exit = run(session, *options); });
}

}  // namespace callgate::cli
