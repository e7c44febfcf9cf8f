// callgate explain: what a chain of filters decides, for every call.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <tuple>

#include "bpf/quote.h"
#include "bpf/syscalls.h"
#include "bpf/text.h"
#include "calls/architecture.h"
#include "cli/conditions.h"
#include "cli/decision_text.h"
#include "cli/policy.h"

namespace callgate::cli {
namespace {

using proof::IntervalSet;
using proof::Path;

constexpr std::size_t most_paths_of_a_part = 400;

struct ExplainOptions {
  std::vector<std::string> words;  // files, and calls
  std::vector<std::string> files;
  std::vector<std::string> calls;
  bool json = false;
  MergeRule rule = MergeRule::most_restrictive;
  FilterOptions filter;
};

// One decision of a call, and when it is made.
struct Case {
  std::string decision;
  std::string condition;  // empty: always, or otherwise
  std::string by;         // of several filters, the one that decides
  std::optional<std::uint32_t> result;
  std::optional<std::uint32_t> filter;
};

// Calls of one architecture that are decided alike.
struct CallGroup {
  std::vector<Case> cases;  // the last one is for all calls that no other is for
  std::vector<std::string> names;
  IntervalSet numbers;
  IntervalSet nameless;
  std::size_t order = 0;  // length of the conditions
};

struct ExplainedDomain {
  std::string name;
  std::vector<CallGroup> groups;
};

bool same_cases(const std::vector<Case>& a, const std::vector<Case>& b) {
  return std::ranges::equal(a, b, [](const Case& x, const Case& y) {
    return std::tie(x.decision, x.condition, x.by) == std::tie(y.decision, y.condition, y.by);
  });
}

class Explainer {
 public:
  Explainer(const ExplainOptions& options, const Policy& policy)
      : options_(options), policy_(policy), walk_(policy.chain(), proof::Budget{}) {}

  std::vector<ExplainedDomain> run() {
    std::vector<ExplainedDomain> result;
    for (const Domain& domain : domains_of(walk_)) {
      ExplainedDomain explained{domain.name, {}};
      const auto wanted = wanted_numbers(domain);
      for (DomainPart part : parts_in(walk_, domain)) {
        part.numbers = part.numbers & wanted;
        if (!part.numbers.empty()) add_part(explained, domain, part);
      }
      if (explained.groups.empty()) continue;
      std::ranges::stable_sort(explained.groups, {}, [](const CallGroup& g) { return g.order; });
      result.push_back(std::move(explained));
    }
    return result;
  }

  bool is_open() const { return is_open_; }

 private:
  // The calls that are asked about, or all.
  IntervalSet wanted_numbers(const Domain& domain) const {
    if (options_.calls.empty()) return IntervalSet::all();
    IntervalSet wanted;
    for (const std::string& call : options_.calls) {
      if (bpf::is_digit(call.front())) {
        std::uint32_t nr = 0;
        if (!calls::read_nr(call, {domain.arches.min(), domain.name == "x32"}, nr))
          wanted = wanted | IntervalSet::of(nr);
      }
      for (const auto& [nr, name] : domain.names) {
        if (name == call) wanted = wanted | IntervalSet::of(nr);
      }
    }
    return wanted;
  }

  void add_part(ExplainedDomain& explained, const Domain& domain, const DomainPart& part) {
    std::vector<Path> paths;
    const bool all = walk_.paths(*part.part, most_paths_of_a_part, paths, [](proof::DiagramId) { return true; });
    IntervalSet nameless = part.numbers;
    for (const auto& [nr, name] : domain.names) {
      if (!part.numbers.contains(nr)) continue;
      nameless = nameless & IntervalSet::of(nr).complement();
      add(explained, cases_of(paths, all, name), name, IntervalSet::of(nr));
    }
    if (!nameless.empty()) add(explained, cases_of(paths, all, ""), "", nameless);
  }

  void add(ExplainedDomain& explained, std::vector<Case> cases, const std::string& name, const IntervalSet& numbers) {
    const auto like =
        std::ranges::find_if(explained.groups, [&](const CallGroup& g) { return same_cases(g.cases, cases); });
    const bool is_new = like == explained.groups.end();
    CallGroup& group = is_new ? explained.groups.emplace_back() : *like;
    if (is_new) {
      for (const Case& each : cases) group.order += each.condition.size();
      group.cases = std::move(cases);
    }
    if (!name.empty()) group.names.push_back(name);
    if (name.empty()) group.nameless = group.nameless | numbers;
    group.numbers = group.numbers | numbers;
  }

  std::vector<Case> cases_of(const std::vector<Path>& paths, bool all, const std::string& name) {
    std::map<proof::DiagramId, std::vector<Path>> by_leaf;
    for (const Path& path : paths) by_leaf[path.leaf].push_back(path);
    std::vector<Case> cases;
    for (const auto& [leaf, of_leaf] : by_leaf) {
      if (leaf == proof::undecided) {
        is_open_ = true;
        cases.push_back({"not decided", condition_of(of_leaf, name), "", {}, {}});
        continue;
      }
      const proof::Decision& decision = walk_[leaf].decisions[0];
      Case each{decision_text(walk_, decision), condition_of(of_leaf, name), by_text(decision), {}, decision.filter};
      if (walk_.terms().is_constant(decision.result)) each.result = walk_.terms()[decision.result].a;
      cases.push_back(std::move(each));
    }
    if (!all) cases.push_back({"more cases than are told", "", "", {}, {}});
    // What takes most words is "otherwise".
    std::ranges::stable_sort(
        cases, {}, [](const Case& each) { return each.condition.empty() ? ~std::size_t{0} : each.condition.size(); });
    if (all && cases.size() > 1) cases.back().condition.clear();
    return cases;
  }

  std::string condition_of(const std::vector<Path>& paths, const std::string& name) const {
    const Conditions conditions(walk_.terms(), paths);
    return conditions.are_always() ? "" : conditions.text(name);
  }

  std::string by_text(const proof::Decision& decision) const {
    if (policy_.files().size() < 2 || !decision.filter) return "";
    return fmt::format("filter {}, {}", *decision.filter, bpf::visible(policy_.files()[*decision.filter]));
  }

  const ExplainOptions& options_;
  const Policy& policy_;
  proof::Walk walk_;
  bool is_open_ = false;
};

void print_group(Output& out, const CallGroup& group) {
  const bool depends = group.cases.size() > 1;
  for (std::size_t i = 0; i < group.cases.size(); ++i) {
    const Case& each = group.cases[i];
    const bool last = depends && i + 1 == group.cases.size();
    out.print("  {}", each.decision);
    if (last) {
      out.write("   otherwise");
    } else if (!each.condition.empty()) {
      out.print("   when {}", each.condition);
    }
    if (!each.by.empty()) out.print("   ({})", each.by);
    out.write("\n");
  }
  std::vector<std::string> words = group.names;
  if (!group.nameless.empty()) words.push_back((words.empty() ? "" : "and ") + numbers_text(group.nameless));
  out.write(wrapped(words, "      "));
}

bool same_domain(const ExplainedDomain& a, const ExplainedDomain& b) {
  return std::ranges::equal(a.groups, b.groups, [](const CallGroup& x, const CallGroup& y) {
    return same_cases(x.cases, y.cases) && x.names == y.names && x.nameless.empty() == y.nameless.empty();
  });
}

void print_text(Output& out, const std::vector<ExplainedDomain>& domains) {
  std::vector<ExplainedDomain> shown;
  for (const ExplainedDomain& domain : domains) {
    const auto like =
        std::ranges::find_if(shown, [&](const ExplainedDomain& other) { return same_domain(domain, other); });
    if (like == shown.end()) {
      shown.push_back(domain);
    } else {
      like->name += ", " + domain.name;
    }
  }
  for (const ExplainedDomain& domain : shown) {
    out.print("{}\n", domain.name);
    for (const CallGroup& group : domain.groups) print_group(out, group);
  }
}

template <class Value>
nlohmann::ordered_json value_or_null(const std::optional<Value>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

void print_json(Output& out, const std::vector<ExplainedDomain>& domains) {
  nlohmann::ordered_json result = nlohmann::ordered_json::array();
  for (const ExplainedDomain& domain : domains) {
    for (const CallGroup& group : domain.groups) {
      nlohmann::ordered_json cases = nlohmann::ordered_json::array();
      for (std::size_t i = 0; i < group.cases.size(); ++i) {
        const Case& each = group.cases[i];
        const bool otherwise = group.cases.size() > 1 && i + 1 == group.cases.size();
        cases.push_back({{"decision", each.decision},
                         {"result", value_or_null(each.result)},
                         {"condition", otherwise                ? "otherwise"
                                       : each.condition.empty() ? "always"
                                                                : each.condition},
                         {"filter", value_or_null(each.filter)}});
      }
      nlohmann::ordered_json numbers = nlohmann::ordered_json::array();
      for (const proof::Interval& i : group.numbers.intervals()) numbers.push_back({i.first, i.last});
      result.push_back({{"arch", domain.name}, {"calls", group.names}, {"numbers", numbers}, {"cases", cases}});
    }
  }
  out.write(json_text({{"groups", result}}));
}

// A word that names a call, and no file, is a call.
void sort_words(ExplainOptions& options) {
  for (const std::string& word : options.words) {
    const bool is_number = !word.empty() && std::ranges::all_of(word, bpf::is_digit);
    const bool is_file = std::filesystem::exists(word) && !std::filesystem::is_directory(word);
    (!is_file && (is_number || bpf::is_syscall_name(word)) ? options.calls : options.files).push_back(word);
  }
}

ExitCode run(Session& session, const ExplainOptions& options) {
  const Policy policy(session, options.files, options.filter, options.rule);
  Explainer explainer(options, policy);
  const std::vector<ExplainedDomain> domains = explainer.run();
  if (options.json) {
    print_json(session.out, domains);
  } else {
    print_text(session.out, domains);
  }
  if (domains.empty()) throw Failure(ExitCode::usage, "no architecture of x86 has such a call");
  return explainer.is_open() ? ExitCode::not_decided : ExitCode::done;
}

}  // namespace

void add_explain(CLI::App& app, Session& session) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App& command = *app.add_subcommand("explain", "Tell what a chain of filters decides, for every call");
  command.add_option("FILE", options->words, "The filters, oldest first, and the calls to tell of (default: all)")
      ->type_name("");
  command.add_option("-f,--filter", options->files, "A filter file, oldest first (may be repeated)")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command.add_flag("--json", options->json, "One object of JSON");
  add_rule_option(command, options->rule);
  add_filter_options(command, options->filter, "--input-format");
  command.footer(R"(For each architecture, calls that are decided alike stand together: the decision, when it is made,
and the calls; what takes fewest words comes first. It holds for all numbers and arguments, not for samples. Of several
filters it says which one decides. "the lower half of arg1" is said where a filter does not look at the upper one.

Examples:
  callgate explain profile.json
  callgate explain profile.json clone socket personality
  callgate explain base.bpf service.bpf --json

Exit code: 0 done, 1 if a filter is invalid, 2 if one cannot be read or nobody has the call, 3 if something is not
decided.)");
  command.callback([options, &session] {
    sort_words(*options);
    if (options->files.empty()) throw CLI::RequiredError("FILE");
    refuse_reading_twice(options->files);
    session.exit = run(session, *options);
  });
}

}  // namespace callgate::cli
