// callgate explain: what a chain of filters decides, for every call.
#include <algorithm>
#include <filesystem>
#include <memory>

#include "bpf/quote.h"
#include "bpf/syscalls.h"
#include "bpf/text.h"
#include "cli/explain_page.h"
#include "cli/explainer.h"

namespace callgate::cli {
namespace {

struct ExplainOptions {
  std::vector<std::string> words;  // files, and calls
  std::vector<std::string> files;
  std::vector<std::string> calls;
  bool json = false;
  std::string html;
  std::vector<std::string> beside;  // the other policy on the page
  MergeRule rule = MergeRule::most_restrictive;
  FilterOptions filter;
};

void print_group(Output& out, const CallGroup& group) {
  const bool depends = group.cases.size() > 1;
  for (std::size_t i = 0; i < group.cases.size(); ++i) {
    const DecisionCase& each = group.cases[i];
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

// A word that names a call, and no file, is a call.
void sort_words(ExplainOptions& options) {
  for (const std::string& word : options.words) {
    const bool is_number = !word.empty() && std::ranges::all_of(word, bpf::is_digit);
    const bool is_file = std::filesystem::exists(word) && !std::filesystem::is_directory(word);
    (!is_file && (is_number || bpf::is_syscall_name(word)) ? options.calls : options.files).push_back(word);
  }
}

std::string title_of(const Policy& policy) {
  std::string title;
  for (const std::string& file : policy.files()) title += (title.empty() ? "" : ", ") + bpf::visible(file);
  return title;
}

ExitCode write_page(Session& session, const Policy& policy, const ExplainOptions& options) {
  Explained explained = explain_policy(policy, options.calls, true);
  bool is_open = explained.is_open;
  std::vector<PolicyOnPage> policies{{title_of(policy), std::move(explained.domains)}};
  if (!options.beside.empty()) {
    const Policy other(session, options.beside, options.filter, options.rule);
    Explained beside = explain_policy(other, options.calls, true);
    is_open |= beside.is_open;
    policies.push_back({title_of(other), std::move(beside.domains)});
  }
  write_file(options.html, explain_page(policies));
  return is_open ? ExitCode::not_decided : ExitCode::done;
}

ExitCode run(Session& session, const ExplainOptions& options) {
  const Policy policy(session, options.files, options.filter, options.rule);
  if (!options.html.empty()) return write_page(session, policy, options);
  const Explained explained = explain_policy(policy, options.calls);
  const std::vector<ExplainedDomain>& domains = explained.domains;
  if (options.json) {
    session.out.write(json_text(explained_json(domains)));
  } else {
    print_text(session.out, domains);
  }
  if (domains.empty()) throw Failure(ExitCode::usage, "no architecture of x86 has such a call");
  return explained.is_open ? ExitCode::not_decided : ExitCode::done;
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
  CLI::Option* const html =
      command
          .add_option("--html", options->html,
                      "Write a page for a browser to FILE instead: table, search, conditions and\ngraphs of "
                      "decisions, with nothing loaded from elsewhere")
          ->type_name("FILE");
  command
      .add_option("--beside", options->beside,
                  "With --html: a filter of a second policy, oldest first (may be repeated)")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->needs(html);
  add_rule_option(command, options->rule);
  add_filter_options(command, options->filter, "--input-format");
  command.footer(R"(For each architecture, calls that are decided alike stand together: the decision, when it is made,
and the calls; what takes fewest words comes first. It holds for all numbers and arguments, not for samples. Of several
filters it says which one decides. "the lower half of arg1" is said where a filter does not look at the upper one.

Examples:
  callgate explain profile.json
  callgate explain profile.json clone socket personality
  callgate explain base.bpf service.bpf --json
  callgate explain --html page.html old.json --beside new.json

Exit code: 0 done, 1 if a filter is invalid, 2 if one cannot be read or nobody has the call, 3 if something is not
decided.)");
  command.callback([options, &session] {
    sort_words(*options);
    if (options->files.empty()) throw CLI::RequiredError("FILE");
    std::vector<std::string> inputs = options->files;
    inputs.insert(inputs.end(), options->beside.begin(), options->beside.end());
    refuse_reading_twice(inputs);
    session.exit = run(session, *options);
  });
}

}  // namespace callgate::cli
