// callgate diff: where two chains of filters decide differently.
#include <algorithm>
#include <memory>

#include "bpf/quote.h"
#include "cli/decision_text.h"
#include "cli/differ.h"
#include "proof/smt2.h"

namespace callgate::cli {
namespace {

struct DiffOptions {
  std::vector<std::string> files;
  bool subset = false;
  bool json = false;
  std::string smt2;
  MergeRule rule = MergeRule::most_restrictive;
  FilterOptions filter;
};

std::string old_to_new(const Change& change) {
  const std::string results = decision_text(change.old_result) + " -> " + decision_text(change.new_result);
  return change.is_computed ? "computed, such as " + results : results;
}

bool are_alike(const DiffSection& a, const DiffSection& b) {
  const auto same = [](const Change& x, const Change& y) {
    return x.condition == y.condition && x.before == y.before && x.after == y.after && x.names == y.names &&
           x.nameless.empty() == y.nameless.empty();
  };
  return a.open == b.open && std::ranges::equal(a.changes, b.changes, same);
}

// Architectures with the same differences are told as one.
std::vector<DiffSection> joined(std::vector<DiffSection> sections) {
  std::vector<DiffSection> result;
  for (DiffSection& section : sections) {
    const auto like = std::ranges::find_if(result, [&](const DiffSection& other) { return are_alike(section, other); });
    if (like == result.end()) {
      result.push_back(std::move(section));
    } else {
      like->domain += ", " + section.domain;
    }
  }
  return result;
}

void print_text(Output& out, const std::vector<DiffSection>& sections) {
  for (DiffSection section : joined(sections)) {
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
  const std::vector<DiffSection> sections = differences(before, after, options.subset);
  const bool different = std::ranges::any_of(sections, [](const DiffSection& s) { return !s.changes.empty(); });
  if (options.json) {
    session.out.write(json_text(diff_json(sections)));
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
