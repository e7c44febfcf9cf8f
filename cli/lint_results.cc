// callgate lint: results that no kernel knows, or that stop who waits for them.
#include <set>
#include <string_view>

#include "callgate/action.hpp"
#include "cli/lint_policy.h"

namespace callgate::cli {
namespace {

using proof::IntervalSet;
using proof::Path;

class Results {
 public:
  explicit Results(LintPolicy& policy) : policy_(policy) {}

  void look_at(const DomainPart& part, const Path& path) {
    const auto result = policy_.result_of(path);
    if (!result) return;
    const Path here = with_numbers(path, policy_.walk().terms(), policy_.native(), part.numbers);
    const auto write = LintPolicy::number_of(policy_.native(), "write");
    if (action_of(*result) == action::user_notif && write && part.numbers.contains(*write)) {
      find("notify-write",
           "write asks a supervisor: one that writes for the process, or logs by way of it, waits for itself",
           with_numbers(here, policy_.walk().terms(), policy_.native(), IntervalSet::of(*write)));
    }
    if (std::string_view(callgate::action_name(*result)) == "UNKNOWN") {
      find("unknown-action",
           fmt::format("the result {:#x} has an action that no kernel knows, for which it kills the process", *result),
           here);
    }
    if (action_of(*result) == action::errno_ && data_of(*result) > largest_errno) {
      find("errno-too-large", fmt::format("ERRNO({}): the kernel returns {} at most", data_of(*result), largest_errno),
           here);
    }
  }

 private:
  static constexpr std::uint32_t largest_errno = 4095;

  // Each kind once.
  void find(const char* id, std::string message, const Path& path) {
    if (told_.contains(id)) return;
    const auto call = call_of(policy_.walk(), path);
    if (!call) return;
    told_.insert(id);
    policy_.find(id, std::move(message), *call);
  }

  LintPolicy& policy_;
  std::set<std::string_view> told_;
};

}  // namespace

void lint_results(LintPolicy& policy) {
  Results results(policy);
  for (const DomainPart& part : parts_in(policy.walk(), policy.native())) {
    for (const Path& path : policy.paths_of(*part.part)) results.look_at(part, path);
  }
}

}  // namespace callgate::cli
