#include "profiles/prefix.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <stdexcept>
#include <string>

#include "bpf/assembler.h"
#include "bpf/text.h"
#include "callgate/action.hpp"

namespace callgate::profiles {
namespace {

// Instructions as text with labels: the assembler does the counting.
class Text {
 public:
  std::string new_label() { return "l" + std::to_string(labels_++); }
  // The next line has the label.
  void place(const std::string& label) { text_ += label + ": "; }
  void line(const std::string& instruction) { text_ += instruction + "\n"; }
  void jump(const char* mnemonic, std::uint32_t value, const std::string& taken, const std::string& other) {
    line(std::string(mnemonic) + " #" + bpf::hex(value) + ", " + taken + ", " + other);
  }
  void ret(std::uint32_t result) { line("ret #" + bpf::hex(result)); }

  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
  std::uint32_t labels_ = 0;
};

const std::string to_filter = "filter";  // the label of what follows

std::string word(unsigned arg, const char* half) { return "args[" + std::to_string(arg) + "]." + half; }
constexpr std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
constexpr std::uint32_t high(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }

// One half of a test for equality: goes on at `equal` or at `other`.
void emit_equal(Text& out, unsigned arg, const char* half, std::uint32_t mask, std::uint32_t value,
                const std::string& equal, const std::string& other) {
  out.line("ld [" + word(arg, half) + "]");
  if (mask != UINT32_MAX) out.line("and #" + bpf::hex(mask));
  out.jump("jeq", value & mask, equal, other);
}

void emit_equality(Text& out, const scmp_arg_cmp& test, bool wide, std::uint64_t mask, std::uint64_t value,
                   const std::string& equal, const std::string& other) {
  if (wide) {
    const std::string lower_half = out.new_label();
    emit_equal(out, test.arg, "hi", high(mask), high(value), lower_half, other);
    out.place(lower_half);
  }
  emit_equal(out, test.arg, "lo", low(mask), low(value), equal, other);
}

// Goes on at `above` if the argument is larger than the datum (or equal, if `or_equal`), else at `below`.
void emit_order(Text& out, const scmp_arg_cmp& test, bool wide, bool or_equal, const std::string& above,
                const std::string& below) {
  if (wide) {
    const std::string not_above = out.new_label(), lower_half = out.new_label();
    out.line("ld [" + word(test.arg, "hi") + "]");
    out.jump("jgt", high(test.datum_a), above, not_above);
    out.place(not_above);
    out.jump("jeq", high(test.datum_a), lower_half, below);
    out.place(lower_half);
  }
  out.line("ld [" + word(test.arg, "lo") + "]");
  out.jump(or_equal ? "jge" : "jgt", low(test.datum_a), above, below);
}

// Goes on at `yes` if the test holds.
void emit_test(Text& out, const scmp_arg_cmp& test, bool wide, const std::string& yes, const std::string& no) {
  switch (test.op) {
    case SCMP_CMP_EQ: return emit_equality(out, test, wide, UINT64_MAX, test.datum_a, yes, no);
    case SCMP_CMP_NE: return emit_equality(out, test, wide, UINT64_MAX, test.datum_a, no, yes);
    case SCMP_CMP_MASKED_EQ: return emit_equality(out, test, wide, test.datum_a, test.datum_b, yes, no);
    case SCMP_CMP_GT: return emit_order(out, test, wide, false, yes, no);
    case SCMP_CMP_GE: return emit_order(out, test, wide, true, yes, no);
    case SCMP_CMP_LE: return emit_order(out, test, wide, false, no, yes);
    case SCMP_CMP_LT: return emit_order(out, test, wide, true, no, yes);
    default: throw std::runtime_error("an operator without code");
  }
}

void emit_rule(Text& out, const CallRule& rule, bool wide, const std::string& otherwise) {
  for (const scmp_arg_cmp& test : rule.tests) {
    const std::string held = out.new_label();
    emit_test(out, test, wide, held, otherwise);
    out.place(held);
  }
  out.ret(rule.action);
}

using Rules = std::vector<const CallRule*>;

// In the order in which they are asked: nothing after a rule without tests.
Rules in_order(Rules rules) {
  const auto has_no_tests = [](const CallRule* rule) { return rule->tests.empty(); };
  const auto first = std::find_if(rules.begin(), rules.end(), has_no_tests);
  if (first != rules.end()) return {*first};
  const auto stricter = [](const CallRule* a, const CallRule* b) { return is_stricter(a->action, b->action); };
  std::stable_sort(rules.begin(), rules.end(), stricter);
  return rules;
}

// A holds the number. Ends in a return or at `next`, where A is lost only if the number was `nr`.
void emit_call(Text& out, std::uint32_t nr, const Rules& rules, bool wide, const std::string& next) {
  const std::string here = out.new_label();
  out.jump("jeq", nr, here, next);
  out.place(here);
  for (const CallRule* rule : in_order(rules)) {
    const std::string otherwise = out.new_label();
    emit_rule(out, *rule, wide, otherwise);
    if (rule->tests.empty()) return;
    out.place(otherwise);
  }
  out.line("ja " + to_filter);
}

// Old versions of libseccomp lack new calls, on all architectures or on some.
bool is_known_to_libseccomp(const CallArch& arch, const std::string& name, std::uint32_t nr) {
  const int number = libseccomp_number(name, arch.token);
  return static_cast<std::uint32_t>(number) == nr || (number != __NR_SCMP_ERROR && arch.is_multiplexed(nr));
}

std::map<std::uint32_t, Rules> calls_of(const CallArch& arch, std::span<const CallRule> rules) {
  std::map<std::uint32_t, Rules> calls;
  for (const CallRule& rule : rules) {
    const auto nr = arch.number(rule.name);
    if (nr && !rule.is_default && !is_known_to_libseccomp(arch, rule.name, *nr)) calls[*nr].push_back(&rule);
  }
  return calls;
}

bool lets_pass(std::uint32_t action) {
  const std::uint32_t kind = action_of(action);
  return kind == action::allow || kind == action::log || kind == action::trace;
}

// Calls that libseccomp knows by negative numbers do not count for runc.
std::vector<LargestNumber> find_largest(const Profile& profile, std::span<const CallRule> rules) {
  std::vector<LargestNumber> found;
  for (const CallArch& arch : call_arches(profile)) {
    std::uint32_t largest = 0;
    for (const CallRule& rule : rules) {
      const auto nr = arch.number(rule.name);
      if (nr && !arch.is_multiplexed(*nr)) largest = std::max(largest, *nr);
    }
    if (largest != 0) found.push_back({arch, largest});
  }
  return found;
}

// A holds the number, which is of this architecture.
void emit_stub(Text& out, const LargestNumber& largest) {
  const std::string above = out.new_label(), other = out.new_label();
  out.jump("jgt", largest.nr, above, other);
  out.place(above);
  out.ret(action::errno_ | ENOSYS);
  out.place(other);
}

// What stands for one architecture, from the load of the number on. Numbers of x32 are above all others of x86_64.
void emit_arch(Text& out, const CallArch& arch, std::span<const CallRule> rules, const Prefix& prefix) {
  for (const LargestNumber& largest : prefix.largest) {
    if (largest.arch.arch == arch.arch && largest.arch.x32 == arch.x32) emit_stub(out, largest);
  }
  for (const auto& [nr, of_call] : calls_of(arch, rules)) {
    const std::string next = out.new_label();
    emit_call(out, nr, of_call, arch.wide, next);
    out.place(next);
  }
  out.line("ja " + to_filter);
}

bool has_work(const CallArch& arch, std::span<const CallRule> rules, const Prefix& prefix) {
  const auto is_this = [&](const LargestNumber& largest) {
    return largest.arch.arch == arch.arch && largest.arch.x32 == arch.x32;
  };
  return std::any_of(prefix.largest.begin(), prefix.largest.end(), is_this) || !calls_of(arch, rules).empty();
}

// Asks for each architecture in turn.
void emit_arches(Text& out, const std::vector<CallArch>& arches, std::span<const CallRule> rules,
                 const Prefix& prefix) {
  for (const CallArch& arch : arches) {
    const std::string here = out.new_label(), next = out.new_label();
    out.line("ld [arch]");
    out.jump("jeq", arch.arch, here, next);
    out.place(here);
    out.line("ld [nr]");
    if (arch.arch == arch::x86_64) {
      const std::string mine = out.new_label();
      out.jump("jset", arch::x32_bit, arch.x32 ? mine : next, arch.x32 ? next : mine);
      out.place(mine);
    }
    emit_arch(out, arch, rules, prefix);
    out.place(next);
  }
}

}  // namespace

Prefix make_prefix(const Profile& profile, std::span<const CallRule> rules, ContainerEngine engine) {
  Prefix prefix;
  const bool with_runc = engine == ContainerEngine::runc || engine == ContainerEngine::docker;
  if (with_runc && !lets_pass(profile.default_action)) prefix.largest = find_largest(profile, rules);
  std::vector<CallArch> arches = call_arches(profile);
  std::erase_if(arches, [&](const CallArch& arch) { return !has_work(arch, rules, prefix); });
  if (arches.empty()) return prefix;
  Text out;
  emit_arches(out, arches, rules, prefix);
  out.line("ja " + to_filter);
  out.place(to_filter);
  out.ret(0);  // stands for what follows
  auto program = bpf::assemble(out.text(), bpf::LongJumps::bridge);
  if (!program) throw std::runtime_error("the filter's first part: " + to_string(program.error()));
  prefix.instructions = std::move(*program);
  prefix.instructions.pop_back();
  return prefix;
}

}  // namespace callgate::profiles
