// callgate stats: what a chain became, how large it is, and how long each stage took.
#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>

#include <nlohmann/json.hpp>

#include "bpf/names.h"
#include "cli/chain_options.h"
#include "cli/command.h"
#include "cli/filter_file.h"
#include "dispatch/action_table.h"
#include "compose/filter_graph.h"
#include "compose/plan.h"
#include "jit/compile.h"
#include "jit/layout.h"

namespace callgate::cli {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr int runs = 9;  // of each stage; the least time counts

struct StatsOptions {
  std::vector<std::string> files;
  bool json = false;
  Options chain;
  FilterOptions filter;
};

// Microseconds.
template <class Run>
double least_time(Run run) {
  double least = 0;
  for (int i = 0; i < runs; ++i) {
    const auto start = Clock::now();
    run();
    const double time = std::chrono::duration<double, std::micro>(Clock::now() - start).count();
    if (i == 0 || time < least) least = time;
  }
  return least;
}

// The engine that was asked for, if this build has it for the target.
Engine engine_of(const Options& options, Target target) {
  if (options.engine == Engine::automatic) return best(target);
  return available(options.engine, target) ? options.engine : Engine::interpreter;
}

class Report {
 public:
  Report(const std::vector<Program>& programs, const Options& options)
      : programs_(programs), options_(options),
        target_(options.target == Target::native ? jit::host_target() : options.target),
        engine_(engine_of(options, target_)), plan_options_{options.rule, options.optimize, {}, compose::Precision::path_sensitive},
        plan_(compose::make_plan(programs, plan_options_)),
        residuals_(detail::find_residuals(plan_, options.rule)) {}

  Json make() {
    Json report;
    std::uint64_t instructions = 0;
    for (const Program& program : programs_) instructions += program.size();
    report["filters"] = programs_.size();
    report["instructions"] = instructions;
    report["segments"] = segments();
    if (!plan_.empty() && plan_[0]->chain_graph() != nullptr && plan_[0]->chain_graph()->by_number()) report["classes"] = classes();
    report["residuals"] = {{"checks", residuals_.checks.size()}, {"code entries", residuals_.roots.size()}};
    sizes(report);
    report["engine"] = name(engine_);
    report["target"] = name(target_);
    report["microseconds"] = times();
    return report;
  }

 private:
  // Newest first: which filters, and in what form they are compiled.
  Json segments() const {
    Json all = Json::array();
    for (const auto& segment : plan_) {
      Json one = {{"oldest filter", segment->oldest_filter}, {"filters", segment->filter_count}};
      const compose::ChainGraph* decisions = segment->chain_graph();
      one["form"] = compose::name(decisions != nullptr ? decisions->precision : compose::Precision::baseline);
      if (decisions != nullptr) one["nodes"] = decisions->graph.node_count();
      all.push_back(one);
    }
    return all;
  }

  // By domain: numbers with a constant result, by action; numbers that are one look at one argument; numbers with code.
  Json classes() const {
    Json all;
    for (std::uint32_t d = 0; d < compose::domains.size(); ++d) {
      std::map<std::string, std::uint32_t> constants;
      std::uint32_t checks = 0;
      std::uint32_t code = 0;
      for (std::uint32_t n = 0; n < compose::numbers_per_domain; ++n) {
        const std::uint32_t word = residuals_.word_of_class[d * compose::numbers_per_domain + n];
        if (!detail::is_residual(word)) {
          ++constants[bpf::result_name(word)];
        } else {
          ++(word < detail::code_base ? checks : code);
        }
      }
      all[compose::domains[d].name] = {{"constant", constants}, {"check", checks}, {"code", code}};
    }
    return all;
  }

  jit::Request request() const {
    return {.plan = plan_, .rule = options_.rule, .engine = engine_, .target = target_, .residuals = residuals_.roots};
  }

  void sizes(Json& report) {
    std::size_t bytecode = 0;
    for (const Program& program : programs_) bytecode += program.instructions().size_bytes();
    std::size_t code = 0;
    std::size_t wide = 0;
    if (engine_ != Engine::interpreter) {
      const jit::Flow flow = jit::lower(jit::flow_request(request()));
      code = jit::lay_out(flow, jit::abi_of(target_), jit::seccomp_data_map).bytes;
      for (const jit::Step& step : flow.steps) wide += step.wide ? 1 : 0;
    }
    const std::size_t table = plan_.empty() || options_.optimize == Optimize::none
                                  ? 0
                                  : detail::action_table_words * 4 + residuals_.checks.size() * sizeof(detail::ArgumentCheck);
    report["bytes"] = {{"code", code}, {"table", table}, {"bytecode", bytecode}};
    report["64-bit steps"] = wide;
  }

  Json times() {
    Json times;
    times["verify"] = least_time([&] {
      for (const Program& program : programs_) (void)verify(program.instructions());
    });
    const double build = least_time([&] {
      for (const Program& program : programs_) (void)compose::build(program);
    });
    const double plan = least_time([&] { (void)compose::make_plan(programs_, plan_options_); });
    times["build"] = options_.optimize == Optimize::none ? 0 : build;
    times["specialise"] = options_.optimize == Optimize::none ? plan : std::max(0.0, plan - build);
    times["table"] = least_time([&] { (void)detail::find_residuals(plan_, options_.rule); });
    if (engine_ != Engine::interpreter) {
      const double lower = least_time([&] {
        const jit::Flow flow = jit::lower(jit::flow_request(request()));
        (void)jit::lay_out(flow, jit::abi_of(target_), jit::seccomp_data_map);
      });
      times["lower"] = lower;
      times["emit"] = std::max(0.0, least_time([&] { (void)jit::compile(request()); }) - lower);
    }
    if (Expected<Chain, AttachError> root = Chain::create(options_)) {
      const double attach = least_time([&] { (void)root->attach(programs_); });
      const double unpublished = times["build"].get<double>() + times["specialise"].get<double>() +
                                 times["table"].get<double>() + times.value("lower", 0.0) + times.value("emit", 0.0);
      times["publish and the rest"] = std::max(0.0, attach - unpublished);
      times["attach, all of it"] = attach;
    }
    return times;
  }

  const std::vector<Program>& programs_;
  const Options& options_;
  Target target_;
  Engine engine_;
  compose::PlanOptions plan_options_;
  compose::Plan plan_;
  detail::Residuals residuals_;
};

// One "name: value" a line, nested names joined by a dot.
void print_flat(Output& out, const std::string& prefix, const Json& json) {
  for (const auto& [key, value] : json.items()) {
    const std::string title = prefix.empty() ? key : prefix + "." + key;
    if (value.is_structured()) {
      print_flat(out, title, value);
    } else if (value.is_string()) {
      out.print("{}: {}\n", title, value.get<std::string>());
    } else if (value.is_number_float()) {
      out.print("{}: {:.1f}\n", title, value.get<double>());
    } else {
      out.print("{}: {}\n", title, value.dump());
    }
  }
}

ExitCode run(Session& session, const StatsOptions& options) {
  std::vector<Program> programs;
  for (const std::string& name : options.files) programs.push_back(read_program(session, name, options.filter));
  const Json report = Report(programs, options.chain).make();
  if (options.json) {
    session.out.print("{}\n", report.dump(2));
  } else {
    print_flat(session.out, "", report);
  }
  return ExitCode::done;
}

}  // namespace

void add_stats(CLI::App& app, Session& session) {
  auto options = std::make_shared<StatsOptions>();
  CLI::App& command = *app.add_subcommand("stats", "Show what filters compile to: classes, sizes, time of each stage");
  command.add_option("FILE", options->files, "Filter files, oldest first; - is standard input")
      ->required()
      ->type_name("");
  command.add_flag("--json", options->json, "All figures as JSON");
  add_chain_options(command, options->chain);
  add_filter_options(command, options->filter, "--format,--input-format");
  command.footer(R"(Times are microseconds, the least of nine runs of each stage. A class is a system call number of one architecture;
"constant" classes are decided by the action table, "check" ones by one look at one argument, "code" ones by machine code.

Examples:
  callgate stats /usr/share/containers/seccomp.json
  callgate stats --json older.bpf newer.bpf

Exit code: 0; 1 if a filter is invalid; 2 if a file cannot be read.)");
  command.callback([options, &session] { session.exit = run(session, *options); });
}

}  // namespace callgate::cli
