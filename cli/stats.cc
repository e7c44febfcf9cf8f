// callgate stats: what a chain became, how large it is, and how long each stage took.
#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>

#include <nlohmann/json.hpp>

#include "bench/measure/engines.h"
#include "bpf/names.h"
#include "cli/chain_options.h"
#include "cli/command.h"
#include "cli/filter_file.h"
#include "dispatch/image.h"
#include "dispatch/seal.h"
#include "dispatch/units.h"
#include "jit/compile.h"
#include "jit/lower.h"

namespace callgate::cli {
namespace {

using Kind = detail::RecordKind;
using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr int runs = 9;  // of each stage; the least time counts

struct StatsOptions {
  std::vector<std::string> files;
  bool json = false;
  Options chain;
  FilterOptions filter;
};

const char* name_of(detail::Stage stage) {
  switch (stage) {
    case detail::Stage::plan: return "plan";
    case detail::Stage::table: return "table";
    case detail::Stage::code: return "code";
    default: return "fill";
  }
}

// The engine that was asked for, if this build has it for the target.
Engine engine_of(const Options& options, Target target) {
  if (options.engine == Engine::automatic) return best(target);
  return available(options.engine, target) ? options.engine : Engine::interpreter;
}

// Microseconds of the stages of one attach.
using Times = std::map<std::string, double>;

// Makes and publishes the image of the chain once, and measures each stage.
Times measure(const std::vector<Program>& programs, const Options& options, Engine engine, Target target) {
  Times times;
  auto start = Clock::now();
  const auto lap = [&](const char* stage) {
    const auto now = Clock::now();
    times[stage] += std::chrono::duration<double, std::micro>(now - start).count();
    start = Clock::now();
  };
  detail::ChainNode node;
  node.options = options;
  for (const Program& program : programs) {
    (void)node.filters.push(*verify(program.instructions()));
    node.bytecode_bytes += program.instructions().size_bytes();
    ++node.length;
  }
  lap("verify");
  const detail::Image image =
      detail::make_image(programs, {options, engine, target, false, [&](detail::Stage stage) { lap(name_of(stage)); }});
  if (image.engine == Engine::interpreter) return times;
  (void)detail::seal(node, image);
  lap("publish");
  return times;
}

class Report {
 public:
  Report(const std::vector<Program>& programs, const Options& options)
      : programs_(programs),
        options_(options),
        target_(options.target == Target::native ? jit::host_target() : options.target),
        engine_(engine_of(options, target_)),
        image_(detail::make_image(programs, {options, engine_, target_})) {}

  Json make() {
    Json report;
    std::uint64_t instructions = 0;
    for (const Program& program : programs_) instructions += program.size();
    report["filters"] = programs_.size();
    report["instructions"] = instructions;
    report["segments"] = segments();
    const detail::Residuals& residuals = image_.residuals;
    if (!residuals.word_of_class.empty()) report["classes"] = classes();
    const auto count = [&](Kind kind) { return std::ranges::count(residuals.records.words(), kind, detail::kind_of); };
    report["residuals"] = {{"checks", count(Kind::check)},
                           {"lists", count(Kind::list)},
                           {"conjunctions", count(Kind::bounds) + count(Kind::conjunction)},
                           {"code entries", residuals.roots.size()}};
    sizes(report);
    report["engine"] = name(image_.engine);
    report["target"] = name(target_);
    report["microseconds"] = times();
    return report;
  }

 private:
  // Newest first: which filters, and in what form they are compiled.
  Json segments() const {
    Json all = Json::array();
    for (const auto& segment : image_.plan) {
      Json one = {{"oldest filter", segment->oldest_filter}, {"filters", segment->filter_count}};
      const compose::ChainGraph* decisions = segment->chain_graph();
      one["form"] = compose::name(decisions != nullptr ? decisions->precision : compose::Precision::baseline);
      if (decisions != nullptr) one["nodes"] = decisions->graph.node_count();
      all.push_back(one);
    }
    return all;
  }

  // By domain: numbers with a constant result, by action; numbers that a record
  // of each kind decides; numbers with code.
  Json classes() const {
    Json all;
    for (std::uint32_t d = 0; d < compose::domains.size(); ++d) {
      std::map<std::string, std::uint32_t> constants;
      std::array<std::uint32_t, 4> records{};  // by kind
      std::uint32_t code = 0;
      for (std::uint32_t n = 0; n < compose::numbers_per_domain; ++n) {
        const std::uint32_t word = image_.residuals.word_of_class[d * compose::numbers_per_domain + n];
        if (!callgate_is_residual(word)) {
          ++constants[bpf::result_name(word)];
        } else {
          ++(word < CALLGATE_CODE_BASE ? records[static_cast<std::size_t>(detail::kind_of(word))] : code);
        }
      }
      const auto of = [&](Kind kind) { return records[static_cast<std::size_t>(kind)]; };
      all[compose::domains[d].name] = {{"constant", constants},
                                       {"check", of(Kind::check)},
                                       {"conjunction", of(Kind::bounds) + of(Kind::conjunction)},
                                       {"list", of(Kind::list)},
                                       {"code", code}};
    }
    return all;
  }

  void sizes(Json& report) const {
    std::size_t bytecode = 0;
    for (const Program& program : programs_) bytecode += program.instructions().size_bytes();
    report["bytes"] = {{"code", image_.code.bytes.size()}, {"table", image_.table_bytes()}, {"bytecode", bytecode}};
    report["64-bit steps"] = wide_steps();
  }

  // Steps of the code that are 64 bits wide.
  std::ptrdiff_t wide_steps() const {
    if (image_.engine == Engine::interpreter) return 0;
    const std::vector<jit::Unit> units = detail::units_of(image_.plan);
    jit::Request request = detail::seccomp_request(units, options_.rule, image_.engine, target_);
    request.entry_roots = image_.residuals.roots;
    return std::ranges::count_if(jit::lower(jit::lower_request(request)).steps, &jit::Step::wide);
  }

  // Stages in their order, of each the least time of all runs.
  Json times() const {
    Times least = measure(programs_, options_, engine_, target_);
    for (int i = 1; i < runs; ++i) {
      for (const auto& [stage, time] : measure(programs_, options_, engine_, target_)) {
        least[stage] = std::min(least[stage], time);
      }
    }
    Json times;
    for (const char* stage : {"verify", "plan", "table", "code", "fill", "publish"}) {
      if (least.contains(stage)) times[stage] = least[stage];
    }
    // Of a target that cannot run here, or filters that are too long together, there is no chain.
    const Expected<Chain, AttachError> root = Chain::create(options_);
    if (root && root->attach(programs_)) times["attach"] = bench::attach_microseconds(options_, programs_);
    return times;
  }

  const std::vector<Program>& programs_;
  const Options& options_;
  Target target_;
  Engine engine_;
  detail::Image image_;
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
  add_filter_files(command, options->files, "Filter files, oldest first; - is standard input");
  command.add_flag("--json", options->json, "All figures as JSON");
  add_chain_options(command, options->chain);
  add_filter_options(command, options->filter, "--input-format");
  add_old_format_flag(command, options->filter);
  command.footer(
      R"(Times are microseconds, the least of nine runs of each stage of one attach: plan makes decision graphs,
table finds which calls they settle, code makes machine code, fill writes the table, publish seals it all in
memory. "attach" is as in callgate bench: microseconds to attach the verified filters to an empty chain and to release
the result, the least of nine times. A class is a system call number of one architecture;
"constant" classes are decided by the action table, "check" ones by one look at one argument, "code" ones by machine
code.

Examples:
  callgate stats /usr/share/containers/seccomp.json
  callgate stats --json older.bpf newer.bpf

Exit code: 0; 1 if a filter is invalid; 2 if a file cannot be read.)");
  command.callback([options, &session] {
    require_filter_files(options->files);
    session.exit = run(session, *options);
  });
}

}  // namespace callgate::cli
