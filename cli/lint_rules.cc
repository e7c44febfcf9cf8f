// callgate lint: rules of a profile that contradict each other, or do nothing.
#include "bpf/quote.h"
#include "cli/lint_policy.h"
#include "profiles/rule_conflicts.h"

namespace callgate::cli {
namespace {

using profiles::ConflictKind;
using profiles::RuleConflict;

std::string where(const Policy& policy, std::size_t file, const std::string& rule) {
  return policy.files().size() < 2 ? rule : bpf::visible(policy.files()[file]) + ": " + rule;
}

// The first of a kind stands for the others.
void find_first(LintPolicy& policy, std::size_t file, const std::vector<RuleConflict>& conflicts, ConflictKind kind,
                const char* id, const char* what) {
  const RuleConflict* first = nullptr;
  std::vector<std::string> names;
  for (const RuleConflict& conflict : conflicts) {
    if (conflict.kind != kind) continue;
    if (first == nullptr && conflict.example) first = &conflict;
    names.push_back(conflict.call);
  }
  if (first == nullptr) return;
  const std::string rules = first->other.empty() ? first->rule : first->rule + " and " + first->other;
  policy.find(id, fmt::format("{}: {}: {}", where(policy.policy(), file, rules), what, short_list(names)),
              *first->example);
}

}  // namespace

void lint_rules(LintPolicy& policy, const FilterOptions& options) {
  for (std::size_t file = 0; file < policy.policy().files().size(); ++file) {
    const std::string& content = policy.policy().contents()[file];
    if (options.format.value_or(bpf::detect_format(content)) != bpf::Format::oci) continue;
    const auto conflicts = profiles::rule_conflicts(content, options.oci);
    if (!conflicts) continue;  // the filter was made all the same: the reader takes more than one form of rules
    find_first(policy, file, *conflicts, ConflictKind::contradiction, "rules-contradict",
               "the same condition has two actions, of which one never counts");
    find_first(policy, file, *conflicts, ConflictKind::overlap, "rules-overlap",
               "some calls fit both, with another action: which counts depends on their order and on the library");
    find_first(policy, file, *conflicts, ConflictKind::useless, "rule-never-acts",
               "the rule says what is the default anyway");
  }
}

}  // namespace callgate::cli
