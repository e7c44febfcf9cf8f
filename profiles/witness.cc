#include "profiles/witness.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "bpf/names.h"
#include "bpf/quote.h"
#include "bpf/syscalls.h"
#include "callgate/action.hpp"
#include "callgate/program.hpp"
#include "profiles/libseccomp.h"

namespace callgate::profiles {
namespace {

using Args = std::array<std::uint64_t, 6>;
using Values = std::vector<std::uint64_t>;
using Rules = std::vector<const CallRule*>;

// Steps of the interpreter and tests of rules, together, after which no further call is tried.
constexpr std::uint64_t all_work = 30'000'000;

constexpr std::size_t most_combinations = 1024;  // of arguments, for one call of one architecture
constexpr std::size_t most_values = 256;         // of one argument

// Larger than any number that an architecture of x86 has.
constexpr std::uint32_t end_of_numbers = 600;

// The numbers in a test, and what lies on the other side of its edge: bits outside of a mask, its lowest bit.
void add_edges(const scmp_arg_cmp& test, Values& values) {
  if (test.op != SCMP_CMP_MASKED_EQ) return values.push_back(test.datum_a);
  const std::uint64_t mask = test.datum_a;
  const std::uint64_t value = test.datum_b & mask;
  values.insert(values.end(), {value, value | ~mask, value ^ (mask & (~mask + 1))});
}

std::vector<std::uint32_t> half_edges(const Values& edges, unsigned shift) {
  std::set<std::uint32_t> halves = {0, UINT32_MAX};
  for (const std::uint64_t edge : edges) {
    const auto half = static_cast<std::uint32_t>(edge >> shift);
    halves.insert({half - 1, half, half + 1});
  }
  return {halves.begin(), halves.end()};
}

// What an argument is tried with: each half around the same half of each number, in all combinations.
Values values_around(const Values& edges, bool wide) {
  const std::vector<std::uint32_t> lows = half_edges(edges, 0);
  const std::vector<std::uint32_t> highs = wide ? half_edges(edges, 32) : std::vector<std::uint32_t>{0};
  Values values;
  if (lows.size() * highs.size() > most_values) {
    for (const std::uint64_t edge : edges) {
      const std::uint64_t seen = wide ? edge : edge & UINT32_MAX;
      values.insert(values.end(), {seen - 1, seen, seen + 1});
    }
    if (values.size() > most_values) values.resize(most_values);
    return values;
  }
  for (const std::uint64_t high : highs) {
    for (const std::uint64_t low : lows) values.push_back(high << 32 | low);
  }
  return values;
}

struct Call {
  const CallArch& arch;
  std::uint32_t nr;
  const Rules& rules;  // that name it, in the profile's order
};

std::string says(const CallRule& rule) { return bpf::result_name(rule.action); }

// "read(0x0, 0x0, 0x1)": arguments up to the last one that a rule tests.
std::string call_text(const std::string& name, const Call& call, const Args& args) {
  std::size_t count = 0;
  for (const CallRule* rule : call.rules) {
    for (const scmp_arg_cmp& test : rule->tests) count = std::max<std::size_t>(count, test.arg + 1);
  }
  std::string text = name + "(";
  for (std::size_t i = 0; i < count; ++i) {
    char digits[16];
    char* const end = std::to_chars(digits, digits + sizeof digits, args[i], 16).ptr;
    text += (i == 0 ? "0x" : ", 0x") + std::string(std::string_view(digits, end));
  }
  const std::string_view on = call.arch.x32 ? "x32" : call.arch.wide ? "" : "i386";
  return text + ")" + (on.empty() ? "" : " on " + std::string(on));
}

class Trial {
 public:
  Trial(const Profile& profile, std::span<const CallRule> rules, const Prefix& prefix, bool accept, OciFilter& filter,
        const Program& program)
      : profile_(profile), rules_(rules), prefix_(prefix), accept_(accept), filter_(filter), program_(program) {}

  void run() {
    for (const CallArch& arch : call_arches(profile_)) try_arch(arch);
  }

 private:
  void try_arch(const CallArch& arch);
  void try_call(const Call& call);
  void try_arguments(const Call& call, const Args& args);
  void check_unconditional(const Call& call, const Args& args, const CallRule& rule, std::uint32_t result);
  void check_conditional(const Call& call, const Args& args, std::uint32_t result);
  bool is_above_stub(const Call& call) const;
  void complain(const CallRule* rule, const Call& call, const Args& args, std::uint32_t result, const std::string& why);

  const Profile& profile_;
  std::span<const CallRule> rules_;
  const Prefix& prefix_;
  bool accept_;
  OciFilter& filter_;
  const Program& program_;
  std::uint64_t work_ = 0;
  std::uint64_t random_ = 1;
  std::set<std::pair<std::string, std::string>> told_;  // rule, call
};

bool is_multiplexer(const CallArch& arch, std::uint32_t nr) {
  constexpr std::uint32_t socketcall = 102, ipc = 117;
  return arch.arch == arch::x86_32 && (nr == socketcall || nr == ipc);
}

void Trial::try_arch(const CallArch& arch) {
  std::map<std::uint32_t, Rules> calls;
  for (const CallRule& rule : rules_) {
    if (const auto nr = arch.number(rule.name)) calls[*nr].push_back(&rule);
  }
  const Rules none;
  for (std::uint32_t nr = 0; nr < end_of_numbers; ++nr) {
    const std::uint32_t full = nr | (arch.x32 ? arch::x32_bit : 0);
    // A name that only libseccomp knows may have any of the numbers that have no name.
    const bool has_name = !bpf::syscall_name(full, arch.arch).empty();
    if (!calls.contains(full) && has_name && !is_multiplexer(arch, nr)) try_call({arch, full, none});
  }
  for (const auto& [nr, of_call] : calls) {
    if (!is_multiplexer(arch, nr)) try_call({arch, nr, of_call});
  }
}

void Trial::try_call(const Call& call) {
  std::map<unsigned, Values> edges;
  for (const CallRule* rule : call.rules) {
    for (const scmp_arg_cmp& test : rule->tests) add_edges(test, edges[test.arg]);
  }
  std::vector<std::pair<unsigned, Values>> choices;
  std::size_t combinations = 1;
  for (const auto& [arg, of_arg] : edges) {
    choices.emplace_back(arg, values_around(of_arg, call.arch.wide));
    combinations = std::min(combinations * choices.back().second.size(), most_combinations + 1);
  }
  const bool all = combinations <= most_combinations;
  for (std::size_t i = 0; i < std::min(combinations, most_combinations); ++i) {
    std::size_t left = i;
    Args args{};
    for (const auto& [arg, values] : choices) {
      if (!all) left = static_cast<std::size_t>((random_ = random_ * 6364136223846793005 + 1442695040888963407) >> 33);
      args[arg] = values[left % values.size()];
      left /= values.size();
    }
    work_ += program_.size() + call.rules.size();
    if (work_ > all_work) return;
    try_arguments(call, args);
  }
}

void Trial::try_arguments(const Call& call, const Args& args) {
  SeccompData data{call.nr, call.arch.arch, 0, {}};
  std::copy(args.begin(), args.end(), data.args);
  const std::uint32_t result = interpret(program_, data);
  if (is_above_stub(call)) {
    if (result == (action::errno_ | ENOSYS)) return;
    return complain(nullptr, call, args, result, "where runc's stub says ERRNO(38)");
  }
  const auto decides = [](const CallRule* rule) { return rule->tests.empty() && !rule->is_default; };
  const auto first = std::find_if(call.rules.begin(), call.rules.end(), decides);
  if (first != call.rules.end()) return check_unconditional(call, args, **first, result);
  check_conditional(call, args, result);
}

void Trial::check_unconditional(const Call& call, const Args& args, const CallRule& rule, std::uint32_t result) {
  if (result != rule.action) return complain(&rule, call, args, result, "where this rule says " + says(rule));
  for (const CallRule* other : call.rules) {
    if (!is_stricter(other->action, rule.action) || !holds(*other, args, call.arch.wide)) continue;
    if (!told_.insert({other->path, other->name}).second) continue;
    filter_.notes.push_back(other->path + ": " + says(*other) + " for " + bpf::in_quotes(other->name) +
                            " has no effect: " + rule.path + " says " + says(rule) + " whatever the arguments are");
  }
}

bool Trial::is_above_stub(const Call& call) const {
  return std::any_of(prefix_.largest.begin(), prefix_.largest.end(), [&](const LargestNumber& largest) {
    return largest.arch.arch == call.arch.arch && largest.arch.x32 == call.arch.x32 && call.nr > largest.nr;
  });
}

void Trial::check_conditional(const Call& call, const Args& args, std::uint32_t result) {
  bool one_holds = false, one_decides = false;
  const CallRule* strictest = nullptr;
  for (const CallRule* rule : call.rules) {
    if (rule->tests.empty() || !holds(*rule, args, call.arch.wide)) continue;
    if (strictest == nullptr || is_stricter(rule->action, strictest->action)) strictest = rule;
    one_holds |= !rule->is_default;
    one_decides |= !rule->is_default && rule->action == result;
  }
  if (!one_holds) {
    if (result == profile_.default_action) return;
    const CallRule* const rule = call.rules.empty() ? nullptr : call.rules.front();
    const std::string expected = bpf::result_name(profile_.default_action);
    return complain(rule, call, args, result, "where no rule holds and the default action is " + expected);
  }
  if (one_decides && !is_stricter(strictest->action, result)) return;
  complain(strictest, call, args, result, "where this rule says " + says(*strictest));
}

// Without a rule it is the list of them that says something else.
void Trial::complain(const CallRule* rule, const Call& call, const Args& args, std::uint32_t result,
                     const std::string& why) {
  const std::string path = rule == nullptr ? "syscalls" : rule->path;
  const std::string name(bpf::syscall_name(call.nr, call.arch.arch));
  if (accept_ && !told_.insert({path, name}).second) return;
  const LibseccompVersion version = libseccomp_version();
  std::string text = path + ": libseccomp " + std::to_string(version.major) + "." + std::to_string(version.minor) +
                     "." + std::to_string(version.micro) + " makes " + bpf::result_name(result) + " of " +
                     call_text(name, call, args) + ", " + why;
  const auto has_tests = [](const CallRule* one) { return !one->tests.empty(); };
  const bool may_be_mixed_up = std::any_of(call.rules.begin(), call.rules.end(), has_tests);
  if (may_be_mixed_up && version < LibseccompVersion{2, 6, 1}) {
    text += "; versions before 2.6.1 mix up conditions of several rules for one call (GHSA-4q85-33p6-j5g6)";
  }
  if (accept_) return filter_.notes.push_back(text);
  throw std::runtime_error(text + "; let the rules' conditions exclude each other, or accept it (--accept-mismatch)");
}

}  // namespace

void check_witnesses(const Profile& profile, std::span<const CallRule> rules, const Prefix& prefix, bool accept,
                     OciFilter& filter) {
  const auto program = verify(filter.instructions);
  if (program) Trial(profile, rules, prefix, accept, filter, *program).run();
}

}  // namespace callgate::profiles
