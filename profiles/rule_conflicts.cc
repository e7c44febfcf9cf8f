#include "profiles/rule_conflicts.h"

#include <algorithm>
#include <array>
#include <exception>
#include <map>
#include <set>

#include "bpf/syscalls.h"
#include "profiles/call_rule.h"
#include "profiles/oci_profile.h"

namespace callgate::profiles {
namespace {

using Values = std::array<std::uint64_t, 6>;

// Values at the edges of a test.
void add_edges(const scmp_arg_cmp& test, std::vector<std::uint64_t>& values) {
  for (const std::uint64_t value : {test.datum_a - 1, test.datum_a, test.datum_a + 1}) values.push_back(value);
  if (test.op == SCMP_CMP_MASKED_EQ) values.push_back(test.datum_b & test.datum_a);
}

bool tests_hold(const CallRule& rule, std::size_t argument, std::uint64_t value) {
  Values args{};
  args[argument] = value;
  return std::ranges::all_of(rule.tests,
                             [&](const scmp_arg_cmp& test) { return test.arg != argument || holds(test, args, true); });
}

// A value of the argument for which the tests of both rules hold.
std::optional<std::uint64_t> common_value(const CallRule& a, const CallRule& b, std::size_t argument) {
  std::vector<std::uint64_t> values{0, UINT64_MAX};
  std::uint64_t masked = 0;
  for (const CallRule* rule : {&a, &b}) {
    for (const scmp_arg_cmp& test : rule->tests) {
      if (test.arg != argument) continue;
      add_edges(test, values);
      if (test.op == SCMP_CMP_MASKED_EQ) masked |= test.datum_b & test.datum_a;
    }
  }
  values.push_back(masked);
  for (std::size_t i = values.size(); i-- > 0;) values.push_back(values[i] | masked);
  const auto both = [&](std::uint64_t value) {
    return tests_hold(a, argument, value) && tests_hold(b, argument, value);
  };
  const auto found = std::ranges::find_if(values, both);
  return found == values.end() ? std::nullopt : std::optional(*found);
}

std::optional<SeccompData> common_call(const CallRule& a, const CallRule& b) {
  const auto nr = bpf::syscall_number(a.name, arch::x86_64);
  if (!nr) return std::nullopt;
  SeccompData call{};
  call.nr = *nr;
  call.arch = arch::x86_64;
  for (std::size_t i = 0; i < 6; ++i) {
    const auto value = common_value(a, b, i);
    if (!value) return std::nullopt;
    call.args[i] = *value;
  }
  return call;
}

bool same_tests(const CallRule& a, const CallRule& b) {
  return std::ranges::equal(a.tests, b.tests, [](const scmp_arg_cmp& x, const scmp_arg_cmp& y) {
    return x.arg == y.arg && x.op == y.op && x.datum_a == y.datum_a && x.datum_b == y.datum_b;
  });
}

std::vector<RuleConflict> conflicts_of(const std::vector<const CallRule*>& rules) {
  std::vector<RuleConflict> found;
  std::set<ConflictKind> told;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    bool meets_another = false;
    for (std::size_t j = 0; j < rules.size(); ++j) {
      if (rules[i]->action == rules[j]->action || i == j) continue;
      const auto call = common_call(*rules[i], *rules[j]);
      meets_another |= call.has_value();
      if (!call || j < i) continue;
      const auto kind = same_tests(*rules[i], *rules[j]) ? ConflictKind::contradiction : ConflictKind::overlap;
      if (told.insert(kind).second) found.push_back({kind, rules[i]->name, rules[i]->path, rules[j]->path, call});
    }
    if (rules[i]->is_default && !meets_another && told.insert(ConflictKind::useless).second) {
      found.push_back({ConflictKind::useless, rules[i]->name, rules[i]->path, "", common_call(*rules[i], *rules[i])});
    }
  }
  return found;
}

}  // namespace

Expected<std::vector<RuleConflict>, std::string> rule_conflicts(std::string_view json, const OciOptions& options) {
  try {
    const Profile profile = read_profile(json, options);
    std::vector<std::string> notes;
    const std::vector<CallRule> rules = split_rules(profile, notes);
    std::map<std::string_view, std::vector<const CallRule*>> by_call;
    std::vector<std::string_view> order;
    for (const CallRule& rule : rules) {
      std::vector<const CallRule*>& list = by_call[rule.name];
      if (list.empty()) order.push_back(rule.name);
      constexpr std::size_t most = 64;  // rules for one call that are held against each other
      if (list.size() < most) list.push_back(&rule);
    }
    std::vector<RuleConflict> result;
    for (const std::string_view call : order) {
      for (RuleConflict& conflict : conflicts_of(by_call[call])) result.push_back(std::move(conflict));
    }
    return result;
  } catch (const std::exception& error) {
    return std::string(error.what());
  }
}

}  // namespace callgate::profiles
