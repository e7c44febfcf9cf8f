// callgate diff: where two chains of filters decide differently.
#include <algorithm>
#include <memory>
#include <tuple>

#include "bpf/quote.h"
#include "cli/conditions.h"
#include "cli/decision_text.h"
#include "cli/policy.h"
#include "proof/smt2.h"

namespace callgate::cli {
namespace {

using proof::IntervalSet;
using proof::Path;

constexpr std::size_t most_paths = 300;       // of one part; of more it is said that there are
constexpr std::size_t most_questions = 5000;  // how often a call is looked for

struct DiffOptions {
  std::vector<std::string> files;
  bool subset = false;
  bool json = false;
  std::string smt2;
  MergeRule rule = MergeRule::most_restrictive;
  FilterOptions filter;
};

// Calls of one architecture that two chains decide differently in one way.
struct Change {
  std::string condition;  // empty: whatever the arguments
  std::string before;
  std::string after;
  std::vector<std::string> names;
  IntervalSet numbers;   // all of them
  IntervalSet nameless;  // those without a name
  SeccompData call{};
  std::uint32_t old_result = 0;
  std::uint32_t new_result = 0;
  bool is_computed = false;  // results differ from call to call
};

struct Section {
  std::string domain;
  std::vector<Change> changes;
  std::vector<std::string> open;  // what is not decided
};

class Differ {
 public:
  Differ(const DiffOptions& options, const Policy& before, const Policy& after)
      : options_(options), old_(before), new_(after), walk_(before.chain(), after.chain(), proof::Budget{}) {}

  std::vector<Section> run() {
    std::vector<Section> sections;
    for (const Domain& domain : domains_of(walk_)) {
      Section section{domain.name, {}, {}};
      for (const DomainPart& part : parts_in(walk_, domain)) add_part(section, domain, part);
      if (questions_ > most_questions) {
        section.open.push_back("there are more differences than are told");
        sections.push_back(std::move(section));
        break;
      }
      if (!section.changes.empty() || !section.open.empty()) sections.push_back(std::move(section));
    }
    return sections;
  }

 private:
  // The calls of a part, one by one where they have names, as constants have names by their call.
  void add_part(Section& section, const Domain& domain, const DomainPart& part) {
    if (part.part->diagram == proof::same) return;
    std::vector<Path> paths;
    const bool all =
        walk_.paths(*part.part, most_paths, paths, [](proof::DiagramId leaf) { return leaf != proof::same; });
    std::map<proof::DiagramId, std::vector<Path>> by_leaf;
    for (Path& path : paths) by_leaf[path.leaf].push_back(std::move(path));
    IntervalSet nameless = part.numbers;
    std::map<std::uint32_t, std::string> named;
    for (const auto& [nr, name] : domain.names) {
      if (!part.numbers.contains(nr)) continue;
      named.emplace(nr, name);
      nameless = nameless & IntervalSet::of(nr).complement();
    }
    for (const auto& [leaf, of_leaf] : by_leaf) {
      for (const auto& [nr, name] : named) add(section, domain, IntervalSet::of(nr), name, of_leaf);
      if (!nameless.empty()) add(section, domain, nameless, "", of_leaf);
    }
    if (!all) section.open.push_back(calls_text(named, nameless) + ": in more ways than are told");
  }

  static std::string calls_text(const std::map<std::uint32_t, std::string>& named, const IntervalSet& nameless) {
    std::string text;
    for (const auto& [nr, name] : named) text += (text.empty() ? "" : " ") + name;
    if (!nameless.empty()) text += (text.empty() ? "" : " ") + numbers_text(nameless);
    return text;
  }

  void add(Section& section, const Domain& domain, const IntervalSet& numbers, const std::string& name,
           const std::vector<Path>& paths) {
    std::vector<Path> real;
    std::vector<Path> open;
    std::optional<SeccompData> call;
    std::uint32_t before = 0;
    std::uint32_t after = 0;
    for (const Path& path : paths) {
      if (++questions_ > most_questions) return;
      const Path narrowed = with_numbers(path, walk_.terms(), domain, numbers);
      proof::Answer answer = proof::Answer::unknown;
      const auto found = path.leaf == proof::undecided ? std::nullopt : call_of_difference(narrowed, answer);
      if (!found && answer == proof::Answer::no) continue;
      if (!found) {
        open.push_back(narrowed);
        continue;
      }
      real.push_back(narrowed);
      if (call) continue;
      before = old_.decide(*found);
      after = new_.decide(*found);
      call = found;
    }
    const std::string who = name.empty() ? numbers_text(numbers) : name;
    if (!open.empty()) section.open.push_back(who + " " + condition_text(open, name));
    if (!call) return;
    const auto& decisions = walk_[real[0].leaf].decisions;
    Change change{condition_text(real, name),
                  decision_text(walk_, decisions[0]),
                  decision_text(walk_, decisions[1]),
                  {},
                  {},
                  {},
                  *call,
                  before,
                  after,
                  !walk_.terms().is_constant(decisions[0].result) || !walk_.terms().is_constant(decisions[1].result)};
    Change& place = change_like(section, std::move(change));
    if (!name.empty()) place.names.push_back(name);
    if (name.empty()) place.nameless = place.nameless | numbers;
    place.numbers = place.numbers | numbers;
  }

  // A call of the path that is decided differently in a way that counts, by the interpreter's word.
  std::optional<SeccompData> call_of_difference(const Path& path, proof::Answer& answer) {
    const auto& decisions = walk_[path.leaf].decisions;
    Path wanted = path;
    const proof::Terms& terms = walk_.terms();
    answer = proof::Answer::no;
    if (options_.subset) {
      const auto add = [&](proof::TermId term, const IntervalSet& set) {
        proof::Literal literal = walk_.terms().literal(term, set);
        if (literal.set.empty()) return false;
        if (!literal.set.is_all()) wanted.conditions.push_back(std::move(literal));
        return true;
      };
      const IntervalSet runs =
          IntervalSet(action::log, action::log | data_mask) | IntervalSet(action::allow, action::allow | data_mask);
      if (!add(decisions[0].result, runs.complement()) || !add(decisions[1].result, runs)) return std::nullopt;
    } else if (!terms.is_constant(decisions[0].result) || !terms.is_constant(decisions[1].result)) {
      proof::Literal literal = walk_.terms().literal(walk_.terms().subtract(decisions[0].result, decisions[1].result),
                                                     IntervalSet(1, proof::largest_word));
      if (literal.set.empty()) return std::nullopt;
      if (!literal.set.is_all()) wanted.conditions.push_back(std::move(literal));
    }
    const auto found = call_of(walk_, wanted, &answer);
    if (!found) return std::nullopt;
    const std::uint32_t before = proof::decision_of(old_.chain(), *found);
    const std::uint32_t after = proof::decision_of(new_.chain(), *found);
    const bool counts = options_.subset ? proof::lets_run(after) && !proof::lets_run(before) : before != after;
    answer = proof::Answer::unknown;
    return counts ? found : std::nullopt;
  }

  std::string condition_text(const std::vector<Path>& paths, const std::string& name) const {
    const Conditions conditions(walk_.terms(), paths);
    return conditions.are_always() ? "" : conditions.text(name);
  }

  static Change& change_like(Section& section, Change change) {
    for (Change& other : section.changes) {
      if (std::tie(other.condition, other.before, other.after) ==
          std::tie(change.condition, change.before, change.after)) {
        return other;
      }
    }
    return section.changes.emplace_back(std::move(change));
  }

  const DiffOptions& options_;
  const Policy& old_;
  const Policy& new_;
  proof::Walk walk_;
  std::size_t questions_ = 0;
};

std::string old_to_new(const Change& change) {
  const std::string results = decision_text(change.old_result) + " -> " + decision_text(change.new_result);
  return change.is_computed ? "computed, such as " + results : results;
}

bool are_alike(const Section& a, const Section& b) {
  const auto same = [](const Change& x, const Change& y) {
    return x.condition == y.condition && x.before == y.before && x.after == y.after && x.names == y.names &&
           x.nameless.empty() == y.nameless.empty();
  };
  return a.open == b.open && std::ranges::equal(a.changes, b.changes, same);
}

// Architectures with the same differences are told as one.
std::vector<Section> joined(std::vector<Section> sections) {
  std::vector<Section> result;
  for (Section& section : sections) {
    const auto like = std::ranges::find_if(result, [&](const Section& other) { return are_alike(section, other); });
    if (like == result.end()) {
      result.push_back(std::move(section));
    } else {
      like->domain += ", " + section.domain;
    }
  }
  return result;
}

void print_text(Output& out, const std::vector<Section>& sections) {
  for (Section section : joined(sections)) {
    out.print("{}\n", section.domain);
    std::ranges::stable_sort(section.changes, {}, [](const Change& c) { return c.condition.size(); });
    for (const Change& change : section.changes) {
      out.print("  {}{}\n", old_to_new(change), change.condition.empty() ? "" : "   when " + change.condition);
      std::vector<std::string> words = change.names;
      if (!change.nameless.empty()) words.push_back((words.empty() ? "" : "and ") + numbers_text(change.nameless));
      out.write(wrapped(words, "      "));
      out.print("      such as: {}\n", call_line(change.call));
    }
    for (const std::string& open : section.open) out.print("  not decided: {}\n", open);
  }
}

nlohmann::ordered_json decision_json(std::uint32_t result) {
  return {{"result", result}, {"decision", decision_text(result)}};
}

void print_json(Output& out, const std::vector<Section>& sections, const char* verdict) {
  nlohmann::ordered_json changes = nlohmann::ordered_json::array();
  nlohmann::ordered_json open = nlohmann::ordered_json::array();
  for (const Section& section : sections) {
    for (const Change& change : section.changes) {
      nlohmann::ordered_json numbers = nlohmann::ordered_json::array();
      for (const proof::Interval& i : change.numbers.intervals()) numbers.push_back({i.first, i.last});
      changes.push_back({{"arch", section.domain},
                         {"calls", change.names},
                         {"numbers", numbers},
                         {"condition", change.condition.empty() ? nlohmann::ordered_json(nullptr)
                                                                : nlohmann::ordered_json(change.condition)},
                         {"old", decision_json(change.old_result)},
                         {"new", decision_json(change.new_result)},
                         {"example", call_json(change.call)}});
    }
    for (const std::string& what : section.open) open.push_back({{"arch", section.domain}, {"what", what}});
  }
  out.write(json_text({{"verdict", verdict}, {"differences", changes}, {"not_decided", open}}));
}

// Files before and behind "--"; or two without it.
std::pair<std::vector<std::string>, std::vector<std::string>> sides(const Session& session,
                                                                    const std::vector<std::string>& files) {
  if (session.has_double_dash) return {files, session.behind_double_dash};
  if (files.size() == 2) return {{files[0]}, {files[1]}};
  return {};
}

ExitCode run(Session& session, const DiffOptions& options) {
  const auto [old_files, new_files] = sides(session, options.files);
  const Policy before(session, old_files, options.filter, options.rule);
  const Policy after(session, new_files, options.filter, options.rule);
  if (!options.smt2.empty()) write_file(options.smt2 + "/diff.smt2", proof::smt2_file(before.chain(), after.chain()));
  const std::vector<Section> sections = Differ(options, before, after).run();
  const bool different = std::ranges::any_of(sections, [](const Section& s) { return !s.changes.empty(); });
  const char* const verdict = different ? "different" : sections.empty() ? "equal" : "not decided";
  if (options.json) {
    print_json(session.out, sections, verdict);
  } else if (sections.empty()) {
    session.out.write(options.subset ? "the new chain allows nothing that the old one does not\n"
                                     : "equal: the same decision for every call\n");
  } else {
    print_text(session.out, sections);
  }
  return different ? ExitCode::failed : sections.empty() ? ExitCode::done : ExitCode::not_decided;
}

}  // namespace

void add_diff(CLI::App& app, Session& session) {
  auto options = std::make_shared<DiffOptions>();
  CLI::App& command = *app.add_subcommand("diff", "Tell where two chains of filters decide differently");
  command.add_option("FILE", options->files, "The old filters, oldest first; behind -- the new ones")->type_name("");
  command.add_flag("--subset", options->subset,
                   "Tell only what the new chain allows (ALLOW or LOG) and the old one does not");
  command.add_flag("--json", options->json, "One object of JSON");
  command
      .add_option("--smt2", options->smt2,
                  "Also write DIR/diff.smt2, the question as SMT-LIB 2: unsat if the chains\nare equal, sat if not")
      ->type_name("DIR");
  add_rule_option(command, options->rule);
  add_filter_options(command, options->filter, "--input-format");
  command.footer(
      R"(Options stand before the --, of which there need be none between two single files. Filters of one side
are a chain, as a task has them.

Every call is covered: all numbers, architectures and arguments. For each architecture it says "old decision -> new
decision", the condition on the arguments, the calls that it holds for, and one call, as "callgate eval" reads it,
that shows it: both chains were run on it. What could not be decided is said to be so.

Examples:
  callgate diff old.json new.json
  callgate diff --subset profile.json -- profile.json extra.bpf
  callgate diff --json service.bpf -- base.bpf service.bpf

Exit code: 0 if both decide every call alike (with --subset: nothing more is allowed), 1 if not, 2 if a file cannot be
read, 3 if it is not decided.)");
  command.callback([options, &session] {
    const auto [old_files, new_files] = sides(session, options->files);
    if (old_files.empty() || new_files.empty()) throw CLI::RequiredError("OLD… -- NEW…");
    std::vector<std::string> all = old_files;
    all.insert(all.end(), new_files.begin(), new_files.end());
    refuse_reading_twice(all);
    session.exit = run(session, *options);
  });
}

}  // namespace callgate::cli
