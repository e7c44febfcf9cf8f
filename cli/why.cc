// callgate why: who refused a call, by which test, and what would let it run.
#include <algorithm>
#include <memory>

#include "bpf/disassembler.h"
#include "bpf/quote.h"
#include "bpf/text.h"
#include "calls/architecture.h"
#include "calls/reader.h"
#include "calls/syscall_names.h"
#include "cli/conditions.h"
#include "cli/decision_text.h"
#include "cli/filter_path.h"
#include "cli/least_change.h"
#include "cli/outcomes.h"
#include "cli/policy.h"
#include "cli/process_filters.h"

namespace callgate::cli {
namespace {

using Json = nlohmann::ordered_json;
using proof::IntervalSet;
using proof::Path;

struct WhyOptions {
  std::vector<std::string> filters;
  std::vector<std::string> words;
  std::int64_t pid = 0;
  bool json = false;
  MergeRule rule = MergeRule::most_restrictive;
  FilterOptions filter;
};

// One way in which a call may be decided.
struct WhyCase {
  std::string decision;
  std::string condition;  // empty: whatever the arguments that the line does not tell
  std::optional<std::uint32_t> filter;
  bool runs = false;
};

struct FilterAnswer {
  std::uint32_t filter = 0;
  std::uint32_t instruction = 0;  // that returned
  std::string returns;
  std::vector<PassedTest> tests;
  std::optional<LeastChange> change;
};

struct Explanation {
  std::string line;
  std::string name;
  bool is_whole = false;  // whether the line tells all arguments that count
  std::optional<std::uint32_t> decision;
  std::vector<WhyCase> cases;  // of this number, in the bits that the line tells
  std::string runs_when;       // of this number; empty: always
  bool can_run = false;
  std::vector<std::string> nearest;  // what one argument alone would have to be
  std::vector<FilterAnswer> filters;
  bool is_open = false;
};

class Answerer {
 public:
  Answerer(const Policy& policy, const FilterOptions& options)
      : policy_(policy), options_(options), walk_(policy.chain(), proof::Budget{}), domains_(domains_of(walk_)) {}

  Explanation explain(const calls::Call& call) {
    Explanation result;
    result.line = call_line(call.data);
    result.name = calls::syscall_name(call.data.nr, call.data.arch);
    const std::vector<Path> all = paths_of(call.data, result);
    const std::uint8_t counting = arguments_of(all);
    result.is_whole = tells(call, all);
    std::vector<Path> possible;
    for (const Path& path : all) {
      Path narrowed = path;
      add_known_bits(call, 0x3f, true, narrowed);
      if (has_call(narrowed, result)) possible.push_back(path);
    }
    add_cases(possible, result);
    add_conditions(all, result);
    if (result.is_whole) result.decision = policy_.decide(call.data);
    if (result.decision && !proof::lets_run(*result.decision)) add_nearest(call, counting, all, result);
    const bool refused = result.decision ? !proof::lets_run(*result.decision)
                                         : std::ranges::any_of(result.cases, [](const WhyCase& c) { return !c.runs; });
    if (refused) add_filters(call, counting, result);
    return result;
  }

 private:
  std::vector<Path> paths_of(const SeccompData& data, Explanation& result) {
    constexpr std::size_t most = 2000;
    std::vector<Path> paths;
    for (const proof::Part& part : walk_.parts()) {
      if (!part.arches.contains(data.arch) || !part.numbers.contains(data.nr)) continue;
      if (!walk_.paths(part, most, paths, [](proof::DiagramId) { return true; })) result.is_open = true;
    }
    for (Path& path : paths) {
      for (proof::Literal& literal : path.conditions) {
        if (literal.term == walk_.terms().word(proof::arch_word)) literal.set = IntervalSet::of(data.arch);
        if (literal.term == walk_.terms().word(proof::nr_word)) literal.set = IntervalSet::of(data.nr);
      }
      result.is_open |= path.leaf == proof::undecided;
    }
    std::erase_if(paths, [](const Path& path) { return path.leaf == proof::undecided; });
    return paths;
  }

  std::uint16_t words_of(const std::vector<Path>& paths) const {
    std::uint16_t words = 0;
    for (const Path& path : paths) {
      for (const proof::Literal& literal : path.conditions) {
        words = static_cast<std::uint16_t>(words | walk_.terms()[literal.term].words);
      }
      words = static_cast<std::uint16_t>(words | walk_.terms()[walk_[path.leaf].decisions[0].result].words);
    }
    return words;
  }
  std::uint8_t arguments_of(const std::vector<Path>& paths) const {
    const std::uint16_t words = words_of(paths);
    std::uint8_t arguments = 0;
    for (unsigned i = 0; i < calls::argument_count; ++i) {
      if ((words >> (4 + 2 * i) & 3) != 0) arguments = static_cast<std::uint8_t>(arguments | 1u << i);
    }
    return arguments;
  }

  // Whether the line tells every word that the filters look at.
  bool tells(const calls::Call& call, const std::vector<Path>& paths) const {
    const std::uint16_t words = words_of(paths);
    const proof::Words unknown = proof::words_of(call.unknown);
    for (std::size_t i = 0; i < proof::word_count; ++i) {
      if ((words >> i & 1) != 0 && unknown[i] != 0) return false;
    }
    return true;
  }

  // What the line tells of the words of some arguments, and of the instruction pointer.
  void add_known_bits(const calls::Call& call, std::uint8_t arguments, bool pointer, Path& path) {
    const proof::Words words = proof::words_of(call.data);
    const proof::Words unknown = proof::words_of(call.unknown);
    for (std::uint32_t i = 2; i < proof::word_count; ++i) {
      const bool counts = i < 4 ? pointer : (arguments >> ((i - 4) / 2) & 1) != 0;
      if (!counts || ~unknown[i] == 0) continue;
      proof::Terms& terms = walk_.terms();
      const proof::TermId known = terms.make(proof::TermOp::and_, terms.word(i), terms.constant(~unknown[i]));
      const proof::Literal literal = terms.literal(known, IntervalSet::of(words[i]));
      if (!literal.set.is_all()) path.conditions.push_back(literal);
    }
  }

  bool has_call(const Path& path, Explanation& result) {
    proof::Answer answer = proof::Answer::unknown;
    const bool found = call_of(walk_, path, &answer).has_value();
    result.is_open |= answer == proof::Answer::unknown;
    return found;
  }

  bool runs(const Path& path) const {
    const proof::TermId result = walk_[path.leaf].decisions[0].result;
    return walk_.terms().is_constant(result) && proof::lets_run(walk_.terms()[result].a);
  }

  std::string text_of(const std::vector<Path>& paths, const std::string& name) const {
    const Conditions conditions(walk_.terms(), paths);
    return conditions.are_always() ? "" : conditions.text(name);
  }

  void add_cases(const std::vector<Path>& possible, Explanation& result) {
    std::map<proof::DiagramId, std::vector<Path>> by_leaf;
    for (const Path& path : possible) by_leaf[path.leaf].push_back(path);
    for (const auto& [leaf, paths] : by_leaf) {
      const proof::Decision& decision = walk_[leaf].decisions[0];
      result.cases.push_back({decision_text(walk_, decision), by_leaf.size() == 1 ? "" : text_of(paths, result.name),
                              decision.filter, runs(paths[0])});
    }
  }

  void add_conditions(const std::vector<Path>& all, Explanation& result) {
    std::vector<Path> running;
    for (const Path& path : all) {
      if (runs(path) && has_call(path, result)) running.push_back(path);
    }
    result.can_run = !running.empty();
    if (result.can_run) result.runs_when = text_of(running, result.name);
  }

  // With all other arguments as they are.
  void add_nearest(const calls::Call& call, std::uint8_t counting, const std::vector<Path>& all, Explanation& result) {
    for (unsigned i = 0; i < calls::argument_count; ++i) {
      if ((counting >> i & 1) == 0 || counting == (1u << i)) continue;
      std::vector<Path> running;
      for (const Path& path : all) {
        if (!runs(path)) continue;
        Path narrowed = path;
        add_known_bits(call, static_cast<std::uint8_t>(0x3f & ~(1u << i)), true, narrowed);
        if (!has_call(narrowed, result)) continue;
        Path own{{}, path.leaf};  // what it says of this argument
        for (const proof::Literal& literal : path.conditions) {
          if (walk_.terms()[literal.term].words == (walk_.terms()[literal.term].words & (3u << (4 + 2 * i)))) {
            own.conditions.push_back(literal);
          }
        }
        running.push_back(std::move(own));
      }
      if (!running.empty()) result.nearest.push_back(text_of(running, result.name));
    }
  }

  // Every filter that refuses the call has to change.
  void add_filters(const calls::Call& call, std::uint8_t counting, Explanation& result) {
    for (std::uint32_t i = 0; i < policy_.programs().size(); ++i) {
      const Program& program = policy_.programs()[i];
      const bool refuses =
          result.is_whole
              ? !proof::lets_run(interpret(program, call.data))
              : std::ranges::any_of(result.cases, [&](const WhyCase& c) { return !c.runs && c.filter == i; });
      if (!refuses) continue;
      FilterAnswer answer;
      answer.filter = i;
      if (result.is_whole) {
        answer.returns = decision_text(interpret(program, call.data));
        answer.tests = passed_tests(program, call.data);
        answer.instruction = return_of(program, call.data);
      }
      const std::uint8_t told = result.is_whole ? counting : std::uint8_t{0};
      answer.change = least_change(policy_.contents()[i], options_, program, {call.data, result.name, told});
      result.filters.push_back(std::move(answer));
    }
  }

  static std::uint32_t return_of(const Program& program, const SeccompData& data) {
    const auto outcomes = possible_outcomes({&program, 1}, MergeRule::most_restrictive, data, {});
    return outcomes.size() == 1 ? outcomes[0].instruction.value_or(0) : 0;
  }

  const Policy& policy_;
  const FilterOptions& options_;
  proof::Walk walk_;
  std::vector<Domain> domains_;
};

std::string test_text(const PassedTest& test) {
  return fmt::format("{}: {}, with {} = {:#x}: {}", test.pc, test.text, test.what, test.value,
                     test.holds ? "holds" : "does not hold");
}

std::string filter_text(const Policy& policy, std::uint32_t filter) {
  return fmt::format("filter {}, {}", filter, bpf::visible(policy.files()[filter]));
}

void print_change(Output& out, const Policy& policy, const FilterAnswer& answer) {
  if (!answer.change) return out.write("  no change of one rule lets it run\n");
  const LeastChange& change = *answer.change;
  const std::string file = bpf::visible(policy.files()[answer.filter]);
  out.print("  the least change of {}{}:\n", file,
            !change.is_proved     ? ""
            : change.also.empty() ? ", proved to change nothing else"
                                  : fmt::format(", which also changes {} other call{}", change.also.size(),
                                                change.also.size() == 1 ? "" : "s"));
  for (const std::string& place : change.removed) out.print("    take it out of {}\n", place);
  if (change.is_rule) {
    out.print("    add to \"syscalls\": {}\n", bpf::visible(change.text));
  } else {
    out.write("    put in front of the filter:\n");
    for (std::size_t begin = 0; begin < change.text.size();) {
      const std::size_t end = change.text.find('\n', begin);
      out.print("      {}\n", change.text.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  constexpr std::size_t most = 4;
  for (std::size_t i = 0; i < std::min(change.also.size(), most); ++i) out.print("    also: {}\n", change.also[i]);
}

void print_text(Output& out, const Policy& policy, const Explanation& e) {
  out.print("{}: {}\n", e.line, e.decision ? decision_text(*e.decision) : "depends on what the line does not tell");
  if (!e.decision) {
    for (const WhyCase& each : e.cases) {
      out.print("  {}{}{}\n", each.decision, each.condition.empty() ? "" : "   when " + each.condition,
                each.filter ? "   (" + filter_text(policy, *each.filter) + ")" : "");
    }
  }
  for (const FilterAnswer& answer : e.filters) {
    if (!answer.returns.empty()) {
      out.print("  {} returns {} at instruction {}\n", filter_text(policy, answer.filter), answer.returns,
                answer.instruction);
    }
    if (!answer.tests.empty()) out.print("  the last test on the way: {}\n", test_text(answer.tests.back()));
  }
  if (e.filters.empty()) return out.write("  these filters do not refuse it\n");
  out.print("  {}\n", !e.can_run ? "it never runs, whatever the arguments" : "it runs when " + e.runs_when);
  for (const std::string& nearest : e.nearest) out.print("  with these other arguments, when {}\n", nearest);
  for (const FilterAnswer& answer : e.filters) print_change(out, policy, answer);
}

nlohmann::ordered_json change_json(const LeastChange& change) {
  return {{"kind", change.is_rule ? "rule" : "instructions"},
          {"text", change.text},
          {"remove_from", change.removed},
          {"also_changes", change.also},
          {"proved", change.is_proved}};
}

nlohmann::ordered_json why_json(const Policy& policy, const Explanation& e) {
  Json cases = Json::array();
  for (const WhyCase& each : e.cases) {
    cases.push_back({{"decision", each.decision},
                     {"condition", each.condition.empty() ? "always" : each.condition},
                     {"filter", each.filter ? Json(*each.filter) : Json(nullptr)}});
  }
  Json filters = Json::array();
  for (const FilterAnswer& answer : e.filters) {
    Json tests = Json::array();
    for (const PassedTest& test : answer.tests) {
      tests.push_back({{"instruction", test.pc},
                       {"text", test.text},
                       {"what", test.what},
                       {"value", test.value},
                       {"holds", test.holds}});
    }
    filters.push_back({{"filter", answer.filter},
                       {"file", bpf::visible(policy.files()[answer.filter])},
                       {"returns", answer.returns.empty() ? Json(nullptr) : Json(answer.returns)},
                       {"instruction", answer.returns.empty() ? Json(nullptr) : Json(answer.instruction)},
                       {"tests", tests},
                       {"change", answer.change ? change_json(*answer.change) : Json(nullptr)}});
  }
  return {{"call", e.line},
          {"decision", e.decision ? Json(decision_text(*e.decision)) : Json(nullptr)},
          {"cases", cases},
          {"runs_when", !e.can_run            ? "never"
                        : e.runs_when.empty() ? "always"
                                              : e.runs_when},
          {"one_argument", e.nearest},
          {"filters", filters}};
}

std::vector<calls::Call> read_calls(Session& session, const WhyOptions& options) {
  std::vector<calls::Call> calls;
  calls::Reader reader;
  const calls::Sink sink = [&](const calls::Call& call) { calls.push_back(call); };
  const auto add = [&](std::string_view line, const std::string& place) {
    if (const auto error = reader.add(line, sink)) throw Failure(ExitCode::usage, place + *error);
  };
  if (!options.words.empty()) {
    std::string line;
    for (const std::string& word : options.words) line += (line.empty() ? "" : " ") + word;
    add(line, "");
  } else {
    Input input("-");
    LineReader lines(input, session.out);
    std::string_view line;
    while (lines.next(line)) add(line, lines.place() + ": ");
  }
  reader.finish(sink);
  if (calls.empty()) {
    const auto& odd = reader.skipped().first;
    throw Failure(ExitCode::usage, "no system call in it" + (odd.empty() ? "" : ": " + odd[0].reason));
  }
  return calls;
}

Policy read_policy(Session& session, const WhyOptions& options) {
  if (options.pid == 0) return {session, options.filters, options.filter, options.rule};
  std::vector<std::string> names;
  std::vector<Program> programs;
  for (const std::vector<Insn>& insns : filters_of_process(static_cast<pid_t>(options.pid))) {
    auto program = verify(insns);
    if (!program) throw Failure(ExitCode::failed, to_string(program.error()));
    names.push_back(fmt::format("process {}", options.pid));
    programs.push_back(std::move(*program));
  }
  return {std::move(names), std::move(programs), options.rule};
}

ExitCode run(Session& session, const WhyOptions& options) {
  const std::vector<calls::Call> calls = read_calls(session, options);
  const Policy policy = read_policy(session, options);
  Answerer explainer(policy, options.filter);
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  ExitCode code = ExitCode::done;
  for (const calls::Call& call : calls) {
    const Explanation explanation = explainer.explain(call);
    if (explanation.filters.empty() && code == ExitCode::done) code = ExitCode::failed;
    if (explanation.is_open) code = ExitCode::not_decided;
    if (options.json) {
      json.push_back(why_json(policy, explanation));
    } else {
      print_text(session.out, policy, explanation);
    }
  }
  if (options.json) session.out.write(json_text(json));
  return code;
}

}  // namespace

void add_why(CLI::App& app, Session& session) {
  auto options = std::make_shared<WhyOptions>();
  CLI::App& command = *app.add_subcommand("why", "Tell why a system call was refused, and what would let it run");
  CLI::Option* const filters =
      command.add_option("-f,--filter", options->filters, "A filter file, oldest first (may be repeated)")
          ->type_name("FILE")
          ->allow_extra_args(false);
  CLI::Option* const pid = command.add_option("--pid", options->pid, "The filters of this running process instead")
                               ->check(CLI::Range(std::int64_t{1}, std::int64_t{0x7fffffff}).description(""))
                               ->type_name("PID")
                               ->excludes(filters);
  command.add_option("LINE", options->words, "The line that tells the call (default: lines of standard input)")
      ->type_name("");
  command.add_flag("--json", options->json, "An array of JSON");
  add_rule_option(command, options->rule);
  add_filter_options(command, options->filter, "--input-format");
  command.footer(
      R"(A line is what the audit subsystem, the journal or strace wrote, or a call as "callgate eval" reads it. It
says which filters refuse the call and at which instruction, the last test on the way there, for which arguments the
call runs, what one other argument alone would do, and the least change of the profile or filter that lets it run, with
what else that would change. Audit lines tell no arguments: then the cases are told, and the change is for all of them.

Examples:
  callgate why -f profile.json 'socket(AF_ALG, SOCK_SEQPACKET, 0) = -1 EPERM (Operation not permitted)'
  journalctl -k -g type=1326 | callgate why -f profile.json
  callgate why -f base.bpf -f service.bpf personality 8
  callgate why --pid 4242 'type=SECCOMP msg=audit(1.2:3): arch=c000003e syscall=41 compat=0 ip=0x0 code=0x0'

Exit code: 0 if the filters refuse every call, 1 if they let one run, 2 if something cannot be read, 3 if not all is
decided.)");
  command.callback([options, &session, pid] {
    if (options->filters.empty() && pid->count() == 0) throw CLI::RequiredError("--filter or --pid");
    std::vector<std::string> inputs = options->filters;
    if (options->words.empty()) inputs.emplace_back("-");
    refuse_reading_twice(inputs);
    session.exit = run(session, *options);
  });
}

}  // namespace callgate::cli
