// callgate lint: halves of arguments that the filters look at, or not, otherwise than the kernel does.
#include <algorithm>
#include <set>

#include "calls/arguments.h"
#include "cli/constant_names.h"
#include "cli/lint_policy.h"

namespace callgate::cli {
namespace {

using proof::IntervalSet;
using proof::Path;

constexpr std::uint64_t lower_half = 0xffffffff;

bool runs(const LintPolicy& policy, const Path& path) {
  const auto result = policy.result_of(path);
  return result && proof::lets_run(*result);
}

// The kernel takes 32 bits, and a value passes that is refused without its upper half.
bool upper_half_passes(LintPolicy& policy, std::uint32_t nr, const std::string& name, std::size_t argument) {
  const auto known = calls::argument_of(name, argument);
  if (!known || known->kind != calls::ArgumentKind::int_) return false;
  for (const Path& refused : policy.paths_of(policy.native(), nr)) {
    const auto result = policy.result_of(refused);
    if (!result || proof::lets_run(*result)) continue;
    const auto call = call_of(policy.walk(), refused);
    if (!call) continue;
    SeccompData cut = *call;
    cut.args[argument] &= lower_half;
    SeccompData passing = cut;
    passing.args[argument] |= std::uint64_t{1} << 32;
    if (!proof::lets_run(policy.policy().decide(passing)) || proof::lets_run(policy.policy().decide(cut))) continue;
    policy.find("upper-half-passes",
                fmt::format("{}: the kernel takes 32 bits of argument {} ({}), the filter compares 64: with a bit in "
                            "the upper half the call runs that is refused without",
                            name, argument, known->name),
                passing);
    return true;
  }
  return false;
}

// The kernel takes 64 bits, and the filter compares the lower half with a value alone.
bool lower_half_alone(LintPolicy& policy, const std::string& name, std::size_t argument, const Path& path) {
  const auto known = calls::argument_of(name, argument);
  if (!known || known->kind == calls::ArgumentKind::int_ || is_flags(name, argument)) return false;
  const proof::TermId upper = policy.walk().terms().word(static_cast<std::uint32_t>(5 + 2 * argument));
  if (std::ranges::any_of(path.conditions, [&](const proof::Literal& l) { return l.term == upper; })) return false;
  Path high = path;
  high.conditions.push_back({upper, IntervalSet(1, proof::largest_word)});
  const auto call = call_of(policy.walk(), high);
  if (!call || !proof::lets_run(policy.policy().decide(*call))) return false;
  policy.find("lower-half-alone",
              fmt::format("{}: the kernel takes 64 bits of argument {} ({}), the filter compares the lower half only",
                          name, argument, known->name),
              *call);
  return true;
}

void look_at(LintPolicy& policy, std::uint32_t nr, const std::string& name) {
  std::set<std::size_t> told;
  for (const Path& path : policy.paths_of(policy.native(), nr)) {
    if (!runs(policy, path)) continue;
    for (const proof::Literal& literal : path.conditions) {
      const proof::Term term = policy.walk().terms()[literal.term];
      if (term.op != proof::TermOp::word || term.a < 4) continue;
      const std::size_t argument = (term.a - 4) / 2;
      if (told.contains(argument)) continue;
      const bool is_upper = term.a % 2 == 1;
      if (is_upper ? upper_half_passes(policy, nr, name, argument) : lower_half_alone(policy, name, argument, path)) {
        told.insert(argument);
      }
    }
  }
}

}  // namespace

void lint_widths(LintPolicy& policy) {
  for (const auto& [nr, name] : policy.native().names) look_at(policy, nr, name);
}

}  // namespace callgate::cli
