// What the rules of callgate lint share: the policy's walk, the fate of calls, and what was found.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/policy.h"

namespace callgate::cli {

struct Finding {
  std::string id;
  std::string message;
  SeccompData call{};
  std::uint32_t decision = 0;
};

// What may become of a call.
struct Fate {
  std::optional<SeccompData> run;      // a call that the kernel carries out
  std::optional<SeccompData> refused;  // and one that it does not
  bool never_runs() const { return !run && refused; }
  bool always_runs() const { return run && !refused; }
};

class LintPolicy {
 public:
  explicit LintPolicy(const Policy& policy);
  LintPolicy(const LintPolicy&) = delete;
  LintPolicy& operator=(const LintPolicy&) = delete;

  const Policy& policy() const { return policy_; }
  proof::Walk& walk() { return walk_; }
  const Domain& native() const { return domains_[0]; }
  const Domain& x32() const { return domains_[1]; }
  const Domain& x86_32() const { return domains_[2]; }

  static std::optional<std::uint32_t> number_of(const Domain& domain, std::string_view name);
  // The paths to a part's leaves, each with a decision.
  std::vector<proof::Path> paths_of(const proof::Part& part);
  // The paths of one number.
  std::vector<proof::Path> paths_of(const Domain& domain, std::uint32_t nr);
  // The result of a path's calls, if it is the same for all.
  std::optional<std::uint32_t> result_of(const proof::Path& path) const;
  const Fate& fate_of(const Domain& domain, std::uint32_t nr);
  Fate fate_of(const Domain& domain, std::string_view name);

  void find(const char* id, std::string message, const SeccompData& call);
  std::vector<Finding> take_findings() { return std::move(findings_); }

  void leave_open() { is_open_ = true; }
  bool is_open() const { return is_open_; }

 private:
  const Policy& policy_;
  proof::Walk walk_;
  std::vector<Domain> domains_;
  std::map<std::pair<std::string, std::uint32_t>, Fate> fates_;
  std::vector<Finding> findings_;
  bool is_open_ = false;
};

// "read, write and 4 more"
std::string short_list(const std::vector<std::string>& names);

// The rules, each a file or a part of one.
void lint_architectures(LintPolicy& policy);  // lint_reach.cc: other ways to a refused call
void lint_multiplexers(LintPolicy& policy);
void lint_twins(LintPolicy& policy);
void lint_clone3(LintPolicy& policy);
void lint_new_calls(LintPolicy& policy);
void lint_widths(LintPolicy& policy);   // lint_widths.cc
void lint_results(LintPolicy& policy);  // lint_results.cc
void lint_cache(LintPolicy& policy);    // lint_cache.cc
void lint_useless(LintPolicy& policy);  // lint_useless.cc: filters and tests that change nothing
void lint_rules(LintPolicy& policy, const FilterOptions& options);  // lint_rules.cc: of profiles

}  // namespace callgate::cli
