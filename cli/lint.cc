// callgate lint: what is likely wrong with a policy, each with a call that shows it.
#include <memory>
#include <set>

#include "bpf/quote.h"
#include "callgate/version.hpp"
#include "cli/decision_text.h"
#include "cli/lint_policy.h"

namespace callgate::cli {
namespace {

enum class LintFormat { text, json, sarif };

struct LintOptions {
  std::vector<std::string> files;
  LintFormat format = LintFormat::text;
  MergeRule rule = MergeRule::most_restrictive;
  FilterOptions filter;
};

constexpr void (*all_rules[])(LintPolicy&) = {lint_architectures, lint_multiplexers, lint_widths,
                                              lint_twins,         lint_clone3,       lint_new_calls,
                                              lint_useless,       lint_results,      lint_cache};

std::string sarif_text(const std::vector<Finding>& findings, const Policy& policy) {
  nlohmann::ordered_json results = nlohmann::ordered_json::array();
  nlohmann::ordered_json rules = nlohmann::ordered_json::array();
  std::set<std::string> ids;
  for (const Finding& finding : findings) {
    if (ids.insert(finding.id).second) rules.push_back({{"id", finding.id}});
    nlohmann::ordered_json locations = nlohmann::ordered_json::array();
    for (const std::string& file : policy.files()) {
      locations.push_back({{"physicalLocation", {{"artifactLocation", {{"uri", bpf::visible(file)}}}}}});
    }
    results.push_back({{"ruleId", finding.id},
                       {"level", "warning"},
                       {"message",
                        {{"text", finding.message + ". Such as: " + call_line(finding.call) + ": " +
                                      decision_text(finding.decision)}}},
                       {"locations", locations}});
  }
  const nlohmann::ordered_json driver = {{"name", "callgate"}, {"version", CALLGATE_VERSION}, {"rules", rules}};
  const nlohmann::ordered_json one_run = {{"tool", {{"driver", driver}}}, {"results", results}};
  return json_text({{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                    {"version", "2.1.0"},
                    {"runs", nlohmann::ordered_json::array({one_run})}});
}

void print(Output& out, const std::vector<Finding>& findings, const Policy& policy, LintFormat format) {
  if (format == LintFormat::sarif) return out.write(sarif_text(findings, policy));
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    if (format == LintFormat::text) {
      out.print("{}: {}\n    such as: {}  {}\n", finding.id, bpf::visible(finding.message), call_line(finding.call),
                decision_text(finding.decision));
    }
    json.push_back({{"id", finding.id},
                    {"message", finding.message},
                    {"example", call_json(finding.call)},
                    {"decision", decision_text(finding.decision)}});
  }
  if (format == LintFormat::json) out.write(json_text(json));
  if (format == LintFormat::text && findings.empty()) out.write("nothing found\n");
}

ExitCode run(Session& session, const LintOptions& options) {
  const Policy policy(session, options.files, options.filter, options.rule);
  LintPolicy linted(policy);
  for (const auto rule : all_rules) rule(linted);
  lint_rules(linted, options.filter);
  const std::vector<Finding> findings = linted.take_findings();
  print(session.out, findings, policy, options.format);
  if (linted.is_open()) say(session, "note: not all was decided");
  return !findings.empty() ? ExitCode::failed : linted.is_open() ? ExitCode::not_decided : ExitCode::done;
}

}  // namespace

void add_lint(CLI::App& app, Session& session) {
  auto options = std::make_shared<LintOptions>();
  CLI::App& command = *app.add_subcommand("lint", "Tell what is likely wrong with a policy");
  add_filter_files(command, options->files, "The filters of one chain, oldest first");
  add_choice(command, "--format", options->format,
             {{"text", LintFormat::text}, {"json", LintFormat::json}, {"sarif", LintFormat::sarif}},
             "Format of the findings");
  add_rule_option(command, options->rule);
  add_filter_options(command, options->filter, "--input-format");
  command.footer(R"(A finding has a name, a reason, and a call that shows it, as "callgate eval" reads it:
  no-architecture, x32-open, i386-open    calls that are refused on x86_64 run by other numbers
  multiplexer-open                        socketcall or ipc of i386 beside restricted direct calls
  upper-half-passes, lower-half-alone     64 bits are compared of an int, or 32 of a long
  twin-open, clone3-open                  another call does what is refused
  clone3-not-enosys, new-calls-not-enosys programs will not fall back
  filter-never-acts, test-never-acts, never-reached
                                          a filter, a test or an instruction that changes nothing
  rules-contradict, rules-overlap, rule-never-acts
                                          rules of a profile, with their places in it
  unknown-action, errno-too-large, notify-write
  not-cached                              calls that the kernel's cache of constant decisions cannot know

Examples:
  callgate lint profile.json
  callgate lint --format sarif base.bpf service.bpf

Exit code: 0 if nothing is found, 1 if something is, 2 if a file cannot be read, 3 if not all could be decided.)");
  command.callback([options, &session] {
    require_filter_files(options->files);
    session.exit = run(session, *options);
  });
}

}  // namespace callgate::cli
