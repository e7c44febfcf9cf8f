#include "profiles/call_rule.h"

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>
#include <tuple>

#include "bpf/quote.h"
#include "bpf/syscalls.h"
#include "callgate/program.hpp"

namespace callgate::profiles {
namespace {

bool tests_an_argument_twice(const Rule& rule) {
  std::array<int, 6> count{};
  return std::any_of(rule.tests.begin(), rule.tests.end(), [&](const auto& test) { return ++count[test.arg] > 1; });
}

// Takes each rule once, as libseccomp does silently.
class RuleList {
 public:
  explicit RuleList(std::uint32_t default_action) : default_action_(default_action) {}

  void add(const Rule& rule, const std::string& name, std::span<const scmp_arg_cmp> tests) {
    if (!known_.insert(key(rule, name, tests)).second) return;
    if (known_.size() > most) {
      throw std::runtime_error(rule.path + ": more than " + std::to_string(most) + " different rules");
    }
    list_.push_back({rule.path, name, rule.action, {tests.begin(), tests.end()}, rule.action == default_action_});
  }
  std::vector<CallRule> take() { return std::move(list_); }

 private:
  static constexpr std::size_t most = 2 * max_program_length;  // each takes an instruction, unless others swallow it

  using Key = std::tuple<std::string, std::uint32_t, std::vector<std::uint64_t>>;
  static Key key(const Rule& rule, const std::string& name, std::span<const scmp_arg_cmp> tests) {
    std::vector<std::uint64_t> numbers;
    for (const scmp_arg_cmp& test : tests) {
      numbers.insert(numbers.end(), {test.arg, static_cast<std::uint64_t>(test.op), test.datum_a, test.datum_b});
    }
    return {name, rule.action, std::move(numbers)};
  }

  std::uint32_t default_action_;
  std::set<Key> known_;
  std::vector<CallRule> list_;
};

std::string unknown(const std::string& name) {
  const std::string_view meant = bpf::nearest_syscall_name(name);
  return "system call " + bpf::in_quotes(name) + " is not known to Linux " + std::string(bpf::syscalls_of_linux) +
         (meant.empty() ? "; skipped" : "; did you mean " + bpf::in_quotes(meant) + "? Skipped");
}

}  // namespace

int libseccomp_number(const std::string& name, std::uint32_t token) {
  if (name.find('\0') != std::string::npos) return __NR_SCMP_ERROR;
  return seccomp_syscall_resolve_name_arch(token, name.c_str());
}

std::vector<CallRule> split_rules(const Profile& profile, std::vector<std::string>& notes) {
  RuleList rules(profile.default_action);
  std::set<std::string_view> skipped;
  for (const Rule& rule : profile.rules) {
    const bool separate = tests_an_argument_twice(rule);
    for (const std::string& name : rule.names) {
      if (!bpf::is_syscall_name(name) && libseccomp_number(name) == __NR_SCMP_ERROR) {
        if (skipped.insert(name).second) notes.push_back(rule.path + ": " + unknown(name));
        continue;
      }
      if (!separate) rules.add(rule, name, rule.tests);
      if (!separate) continue;
      for (const scmp_arg_cmp& test : rule.tests) rules.add(rule, name, {&test, 1});
    }
  }
  return rules.take();
}

std::optional<std::uint32_t> CallArch::number(std::string_view name) const {
  return bpf::syscall_number(name, arch, x32);
}

bool CallArch::is_multiplexed(std::uint32_t nr) const {
  constexpr std::uint32_t recvmmsg = 337, sendmmsg = 345;
  constexpr std::uint32_t socket = 359, shutdown = 373, semget = 393, msgctl = 402;
  if (arch != arch::x86_32) return false;
  return nr == recvmmsg || nr == sendmmsg || (nr >= socket && nr <= shutdown) || (nr >= semget && nr <= msgctl);
}

std::vector<CallArch> call_arches(const Profile& profile) {
  std::vector<CallArch> found;
  for (const Architecture& architecture : profile.architectures) {
    const bool x32 = architecture.token == SCMP_ARCH_X32;
    const std::uint32_t value = x32 ? std::uint32_t{arch::x86_64} : architecture.token;
    found.push_back({architecture.token, value, x32, value == arch::x86_64 && !x32});
  }
  return found;
}

bool holds(const scmp_arg_cmp& test, std::span<const std::uint64_t, 6> args, bool wide) noexcept {
  const std::uint64_t seen = wide ? UINT64_MAX : UINT32_MAX;
  const std::uint64_t value = args[test.arg] & seen;
  const std::uint64_t datum = test.datum_a & seen;
  switch (test.op) {
    case SCMP_CMP_NE: return value != datum;
    case SCMP_CMP_LT: return value < datum;
    case SCMP_CMP_LE: return value <= datum;
    case SCMP_CMP_EQ: return value == datum;
    case SCMP_CMP_GE: return value >= datum;
    case SCMP_CMP_GT: return value > datum;
    case SCMP_CMP_MASKED_EQ: return (value & datum) == (test.datum_b & datum);
    default: return false;
  }
}

bool holds(const CallRule& rule, std::span<const std::uint64_t, 6> args, bool wide) noexcept {
  return std::all_of(rule.tests.begin(), rule.tests.end(), [&](const auto& test) { return holds(test, args, wide); });
}

}  // namespace callgate::profiles
