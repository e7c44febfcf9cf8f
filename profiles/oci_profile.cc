#include "profiles/oci_profile.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>

#include "profiles/json_node.h"

namespace callgate::profiles {
namespace {

constexpr std::uint32_t max_errno = 4095;  // the kernel caps larger values (__seccomp_filter())

template <class Table>
auto look_up(const Table& table, const Node& node, const char* what) {
  const std::string text = node.text();
  const auto found = std::find_if(table.begin(), table.end(), [&](const auto& entry) { return entry.first == text; });
  if (found == table.end()) node.fail(std::string("unknown ") + what + " " + in_quotes(text));
  return found->second;
}

constexpr std::array<std::pair<std::string_view, scmp_compare>, 7> operators = {{
    {"SCMP_CMP_NE", SCMP_CMP_NE},
    {"SCMP_CMP_LT", SCMP_CMP_LT},
    {"SCMP_CMP_LE", SCMP_CMP_LE},
    {"SCMP_CMP_EQ", SCMP_CMP_EQ},
    {"SCMP_CMP_GE", SCMP_CMP_GE},
    {"SCMP_CMP_GT", SCMP_CMP_GT},
    {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
}};

constexpr std::array<std::pair<std::string_view, std::uint32_t>, 9> actions = {{
    {"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD},
    {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
    {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
    {"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
    {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
    {"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)},
    {"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
    {"SCMP_ACT_LOG", SCMP_ACT_LOG},
    {"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY},
}};

// Second names of errors, which strerrorname_np() does not give.
constexpr std::array<std::pair<std::string_view, std::uint32_t>, 3> errno_aliases = {{
    {"EWOULDBLOCK", EWOULDBLOCK},
    {"EDEADLOCK", EDEADLOCK},
    {"ENOTSUP", ENOTSUP},
}};

std::uint32_t errno_from_name(const Node& node) {
  const std::string text = node.text();
  for (std::uint32_t value = 1; value <= max_errno; ++value) {
    const char* name = strerrorname_np(static_cast<int>(value));
    if (name != nullptr && text == name) return value;
  }
  return look_up(errno_aliases, node, "error");
}

// The data of ERRNO and TRACE: by name, by number, else EPERM. A name wins over a number.
std::uint32_t read_errno(const Node& node, const char* name_key, const char* number_key, std::uint32_t max) {
  if (const auto name = node.find(name_key); name && !name->text().empty()) return errno_from_name(*name);
  if (const auto number = node.find(number_key)) return static_cast<std::uint32_t>(number->number(max));
  return EPERM;
}

std::uint32_t read_action(const Node& node, const char* action_key, const char* name_key, const char* number_key) {
  const std::uint32_t action = look_up(actions, node.at(action_key), "action");
  if (action == SCMP_ACT_ERRNO(0)) return action | read_errno(node, name_key, number_key, max_errno);
  if (action == SCMP_ACT_TRACE(0)) return action | read_errno(node, name_key, number_key, UINT16_MAX);
  return action;
}

std::uint32_t read_architecture(const Node& node) {
  constexpr std::string_view prefix = "SCMP_ARCH_";
  const std::string text = node.text();
  std::uint32_t token = 0;
  if (text.starts_with(prefix) && text.find('\0') == std::string::npos) {
    std::string name = text.substr(prefix.size());
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); });
    token = seccomp_arch_resolve_name(name.c_str());
  }
  if (token == 0) node.fail("unknown architecture " + in_quotes(text));
  return token;
}

// The native architecture and those that the profile puts beside it.
std::vector<Architecture> read_architectures(const Node& profile, const OciOptions& options) {
  std::vector<Architecture> found{{options.native_arch, "architectures"}};
  const auto add = [&](const Node& node) {
    const std::uint32_t token = read_architecture(node);
    const auto is_token = [&](const Architecture& other) { return other.token == token; };
    if (std::none_of(found.begin(), found.end(), is_token)) found.push_back({token, node.path()});
  };
  const auto list = profile.find("architectures");
  const auto map = profile.find("archMap");
  if (list && map && list->size() != 0 && map->size() != 0) {
    map->fail("stands beside \"architectures\"; only one of them may be given");
  }
  if (list) list->each(add);
  const std::string_view native = options.native_arch == arch::x86_32 ? "SCMP_ARCH_X86" : "SCMP_ARCH_X86_64";
  if (map) {
    map->each([&](const Node& entry) {
      const auto beside = entry.find("subArchitectures");
      if (entry.at("architecture").text() == native && beside) beside->each(add);
    });
  }
  return found;
}

// "includes" or "excludes" of a rule. Lists that are missing hold nothing.
struct Condition {
  std::vector<std::string> caps;
  std::vector<std::string> arches;
  std::optional<KernelVersion> min_kernel;
};

std::vector<std::string> read_strings(const Node& node, const char* key) {
  std::vector<std::string> strings;
  if (const auto list = node.find(key)) list->each([&](const Node& element) { strings.push_back(element.text()); });
  return strings;
}

Condition read_condition(const Node& rule, const char* key) {
  Condition condition;
  const auto node = rule.find(key);
  if (!node) return condition;
  condition.caps = read_strings(*node, "caps");
  condition.arches = read_strings(*node, "arches");
  if (const auto kernel = node->find("minKernel"); kernel && !kernel->text().empty()) {
    const auto version = parse_kernel_version(kernel->text());
    if (!version) kernel->fail(version.error());
    condition.min_kernel = *version;
  }
  return condition;
}

// As engines decide it: a rule needs all included capabilities, and one excluded capability removes it.
bool applies(const Node& rule, const OciOptions& options) {
  const std::string_view native = options.native_arch == arch::x86_32 ? "x86" : "amd64";
  const auto is_native = [&](const std::string& name) { return name == native; };
  const auto is_held = [&](const std::string& name) { return options.capabilities.contains(name); };
  const Condition in = read_condition(rule, "includes");
  const Condition out = read_condition(rule, "excludes");
  if (std::any_of(out.arches.begin(), out.arches.end(), is_native)) return false;
  if (std::any_of(out.caps.begin(), out.caps.end(), is_held)) return false;
  if (out.min_kernel && options.kernel >= *out.min_kernel) return false;
  if (!in.arches.empty() && std::none_of(in.arches.begin(), in.arches.end(), is_native)) return false;
  if (!std::all_of(in.caps.begin(), in.caps.end(), is_held)) return false;
  return !in.min_kernel || options.kernel >= *in.min_kernel;
}

scmp_arg_cmp read_test(const Node& node) {
  const auto optional_number = [&](const char* key) {
    const auto member = node.find(key);
    return member ? member->number() : 0;
  };
  scmp_arg_cmp test{};
  test.arg = static_cast<unsigned>(node.at("index").number(5));
  test.op = look_up(operators, node.at("op"), "operator");
  test.datum_a = optional_number("value");
  test.datum_b = optional_number("valueTwo");
  return test;
}

std::vector<std::string> read_names(const Node& rule) {
  std::vector<std::string> names = read_strings(rule, "names");
  const auto name = rule.find("name");
  if (!name || name->text().empty()) return names;
  if (!names.empty()) name->fail("stands beside \"names\"; only one of them may be given");
  return {name->text()};
}

Rule read_rule(const Node& node) {
  Rule rule{node.path(), read_action(node, "action", "errno", "errnoRet"), read_names(node), {}};
  if (const auto args = node.find("args")) args->each([&](const Node& arg) { rule.tests.push_back(read_test(arg)); });
  return rule;
}

}  // namespace

Profile read_profile(std::string_view json, const OciOptions& options) {
  const Json document = parse_json(json);
  const Node node(document);
  Profile profile{
      read_action(node, "defaultAction", "defaultErrno", "defaultErrnoRet"), read_architectures(node, options), {}};
  if (const auto rules = node.find("syscalls")) {
    rules->each([&](const Node& rule) {
      if (applies(rule, options)) profile.rules.push_back(read_rule(rule));
    });
  }
  return profile;
}

}  // namespace callgate::profiles
