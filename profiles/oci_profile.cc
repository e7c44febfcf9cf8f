#include "profiles/oci_profile.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "bpf/nearest.h"
#include "bpf/syscalls.h"
#include "profiles/json_node.h"
#include "profiles/oci_words.h"

namespace callgate::profiles {
namespace {

constexpr std::uint32_t max_errno = 4095;  // the kernel caps larger values (__seccomp_filter())

// Which keys are read beside those of the runtime specification.
struct Dialect {
  bool conditions;   // "name", "includes", "excludes", "archMap": engines turn them into the specification's form
  bool error_names;  // "errno", "defaultErrno": podman's
  bool min_kernel;   // Docker's
};

Dialect dialect_of(ContainerEngine engine, bool bundle) {
  if (bundle) return {false, false, false};
  return {true, engine != ContainerEngine::docker, engine != ContainerEngine::podman};
}

// Which runtime gets the profile in the end: runc ignores some things that crun refuses, and the other way round.
bool uses_runc(ContainerEngine engine) { return engine == ContainerEngine::runc || engine == ContainerEngine::docker; }
bool uses_crun(ContainerEngine engine) { return engine == ContainerEngine::crun || engine == ContainerEngine::podman; }

using Keys = std::vector<std::string_view>;

bool is_comment(std::string_view key) {
  return key == "comment" || key == "description" || key.starts_with('_') || key.starts_with('$') ||
         key.starts_with('#') || key.starts_with("//");
}

class Reader {
 public:
  Reader(const OciOptions& options, bool bundle) : options_(options), dialect_(dialect_of(options.engine, bundle)) {}

  Profile read(const Node& node);
  void check_capabilities(const Node& bundle);

 private:
  using Engine = ContainerEngine;

  void note(const Node& node, const std::string& text) { notes_.push_back(node.say(text)); }

  // What only some engines refuse: an error, unless the container's engine is one that goes on.
  void refuse_unless(bool tolerated, const Node& node, const std::string& text) {
    if (!tolerated) node.fail(text);
    note(node, text);
  }

  void check_keys(const Node& node, const Keys& known, const Keys& of_others);
  void check_profile_keys(const Node& node);
  void check_settings(const Node& node);
  std::uint32_t read_action(const Node& node, const char* action_key, const char* name_key, const char* number_key);
  void check_notification(const Node& node, const char* key, std::uint32_t action,
                          const std::vector<std::string>& names);
  std::vector<Architecture> read_architectures(const Node& profile);
  void add_architecture(const Node& node, std::vector<Architecture>& found);
  bool applies(const Node& rule);
  void check_condition(const Node& condition);
  scmp_arg_cmp read_test(const Node& node);
  std::vector<scmp_arg_cmp> read_tests(const Node& rule);
  std::vector<std::string> read_names(const Node& rule);
  Rule read_rule(const Node& node);
  void note_unfiltered(const Rule& rule);

  const OciOptions& options_;
  Dialect dialect_;
  bool has_listener_ = false;  // or the first rule that needs one has been told
  std::vector<std::string> notes_;
  std::set<std::string, std::less<>> keys_noted_;
};

// Each key is told once, at its first place. Engines written in Go take a key whatever its case, others do not.
void Reader::check_keys(const Node& node, const Keys& known, const Keys& of_others) {
  node.each_member([&](const std::string& key, const Node& value) {
    const auto is_same = [&](std::string_view other) { return key == other; };
    if (is_comment(key) || std::any_of(known.begin(), known.end(), is_same)) return;
    const auto is_alike = [&](std::string_view other) { return bpf::lower(key) == bpf::lower(other); };
    if (const auto alike = std::find_if(known.begin(), known.end(), is_alike); alike != known.end()) {
      value.fail("some engines read this key as " + bpf::in_quotes(*alike) + ", others ignore it; write " +
                 bpf::in_quotes(*alike));
    }
    if (!keys_noted_.insert(key).second) return;
    if (std::any_of(of_others.begin(), of_others.end(), is_same)) {
      return note(value, "the engine does not know this key here; ignored");
    }
    const std::string_view meant = bpf::nearest(key, known);
    note(value, "no engine knows this key; ignored" +
                    (meant.empty() ? std::string() : "; did you mean " + bpf::in_quotes(meant) + "?"));
  });
}

// Moves the keys of `optional` into those that are known, or those of others.
void choose(bool reads, std::initializer_list<std::string_view> optional, Keys& known, Keys& of_others) {
  Keys& keys = reads ? known : of_others;
  keys.insert(keys.end(), optional);
}

void Reader::check_profile_keys(const Node& node) {
  Keys known = {"defaultAction", "defaultErrnoRet", "architectures",   "syscalls",
                "flags",         "listenerPath",    "listenerMetadata"};
  Keys of_others;
  choose(dialect_.conditions, {"archMap"}, known, of_others);
  choose(dialect_.error_names, {"defaultErrno"}, known, of_others);
  check_keys(node, known, of_others);
}

// What says nothing about decisions, but makes an engine refuse the profile.
void Reader::check_settings(const Node& node) {
  if (const auto flags = node.find("flags")) flags->each(check_flag);
  const auto path = node.find("listenerPath");
  const bool has_path = path && !path->text().empty();
  const auto metadata = node.find("listenerMetadata");
  if (metadata && !metadata->text().empty() && !has_path) {
    refuse_unless(options_.engine != Engine::common, *metadata, "must not be set without \"listenerPath\"");
  }
}

// The data of ERRNO and TRACE: by name, by number, else EPERM. A name wins over a number.
std::uint32_t Reader::read_action(const Node& node, const char* action_key, const char* name_key,
                                  const char* number_key) {
  const std::uint32_t action = read_action_word(node.at(action_key));
  const std::uint32_t max = action == SCMP_ACT_TRACE(0) ? std::uint32_t{UINT16_MAX} : max_errno;
  const auto name = dialect_.error_names ? node.find(name_key) : std::nullopt;
  const auto number = node.find(number_key);
  const bool named = name && !name->text().empty();
  if (!has_data(action)) {
    const std::string text = "this action has no error number";
    if (number) refuse_unless(uses_runc(options_.engine), *number, text);
    if (named) note(*name, text + "; ignored");
    return action;
  }
  if (named) return action | read_errno_text(*name, max);
  return action | (number ? static_cast<std::uint32_t>(number->number(max)) : std::uint32_t{EPERM});
}

// runc hangs if its own write() of the listener's descriptor has to wait for the listener.
void Reader::check_notification(const Node& node, const char* key, std::uint32_t action,
                                const std::vector<std::string>& names) {
  if (action != SCMP_ACT_NOTIFY) return;
  if (!std::exchange(has_listener_, true)) {
    note(node.at(key), "SCMP_ACT_NOTIFY needs a \"listenerPath\"; runc refuses to start without it");
  }
  const bool tolerated = uses_crun(options_.engine);
  if (names.empty()) return refuse_unless(tolerated, node.at(key), "SCMP_ACT_NOTIFY cannot be the default action");
  if (std::find(names.begin(), names.end(), "write") != names.end()) {
    refuse_unless(tolerated, node.at(key), "SCMP_ACT_NOTIFY cannot be used for write");
  }
}

void Reader::add_architecture(const Node& node, std::vector<Architecture>& found) {
  const auto token = read_architecture(node, options_.native_arch);
  if (!token) return note(node, bpf::in_quotes(node.text()) + " is the architecture of no call on x86; skipped");
  const auto is_token = [&](const Architecture& other) { return other.token == *token; };
  if (std::none_of(found.begin(), found.end(), is_token)) found.push_back({*token, node.path()});
}

// The native architecture and those that the profile puts beside it.
std::vector<Architecture> Reader::read_architectures(const Node& profile) {
  std::vector<Architecture> found{{options_.native_arch, "architectures"}};
  const auto list = profile.find("architectures");
  const auto map = dialect_.conditions ? profile.find("archMap") : std::nullopt;
  if (list && map && list->size() != 0 && map->size() != 0) {
    map->fail("stands beside \"architectures\"; only one of them may be given");
  }
  if (list) list->each([&](const Node& node) { add_architecture(node, found); });
  if (!map) return found;
  map->each([&](const Node& entry) {
    check_keys(entry, {"architecture", "subArchitectures"}, {});
    const auto beside = entry.find("subArchitectures");
    if (read_architecture(entry.at("architecture"), options_.native_arch) != options_.native_arch || !beside) return;
    beside->each([&](const Node& node) { add_architecture(node, found); });
  });
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

Condition read_condition(const Node& rule, const char* key, bool with_kernel) {
  Condition condition;
  const auto node = rule.find(key);
  if (!node) return condition;
  condition.caps = read_strings(*node, "caps");
  condition.arches = read_strings(*node, "arches");
  if (!with_kernel) return condition;
  if (const auto kernel = node->find("minKernel"); kernel && !kernel->text().empty()) {
    const auto version = parse_kernel_version(kernel->text());
    if (!version) kernel->fail(version.error());
    condition.min_kernel = *version;
  }
  return condition;
}

// Engines compare the words as they are written: one that nothing is called decides nothing.
void Reader::check_condition(const Node& condition) {
  Keys known = {"caps", "arches"};
  Keys of_others;
  choose(dialect_.min_kernel, {"minKernel"}, known, of_others);
  check_keys(condition, known, of_others);
  const auto check_words = [&](const char* key, const char* what, bool (*is_known)(std::string_view)) {
    const auto list = condition.find(key);
    if (!list) return;
    list->each([&](const Node& word) {
      if (!is_known(word.text())) note(word, std::string("no ") + what + " is called " + bpf::in_quotes(word.text()));
    });
  };
  check_words("caps", "capability", is_capability);
  check_words("arches", "architecture", is_condition_arch);
}

// As engines decide it: a rule needs all included capabilities, and one excluded capability removes it.
bool Reader::applies(const Node& rule) {
  if (!dialect_.conditions) return true;
  for (const char* const key : {"includes", "excludes"}) {
    if (const auto condition = rule.find(key)) check_condition(*condition);
  }
  const std::string_view native = options_.native_arch == arch::x86_32 ? "x86" : "amd64";
  const auto is_native = [&](const std::string& name) { return name == native; };
  const auto is_held = [&](const std::string& name) { return options_.capabilities.contains(name); };
  const Condition in = read_condition(rule, "includes", dialect_.min_kernel);
  const Condition out = read_condition(rule, "excludes", dialect_.min_kernel);
  if (std::any_of(out.arches.begin(), out.arches.end(), is_native)) return false;
  if (std::any_of(out.caps.begin(), out.caps.end(), is_held)) return false;
  if (out.min_kernel && options_.kernel >= *out.min_kernel) return false;
  if (!in.arches.empty() && std::none_of(in.arches.begin(), in.arches.end(), is_native)) return false;
  if (!std::all_of(in.caps.begin(), in.caps.end(), is_held)) return false;
  return !in.min_kernel || options_.kernel >= *in.min_kernel;
}

scmp_arg_cmp Reader::read_test(const Node& node) {
  check_keys(node, {"index", "value", "valueTwo", "op"}, {});
  scmp_arg_cmp test{};
  test.arg = static_cast<unsigned>(node.at("index").number(5));
  test.op = read_operator(node.at("op"));
  const auto value = node.find("value");
  if (value) test.datum_a = value->number();
  if (!value) note(node, "has no \"value\"; 0 counts");
  const auto second = node.find("valueTwo");
  if (second) test.datum_b = second->number();
  if (test.op != SCMP_CMP_MASKED_EQ && test.datum_b != 0) note(*second, "counts only for SCMP_CMP_MASKED_EQ; ignored");
  return test;
}

std::vector<scmp_arg_cmp> Reader::read_tests(const Node& rule) {
  constexpr std::size_t of_crun = 6;
  std::vector<scmp_arg_cmp> tests;
  const auto args = rule.find("args");
  if (!args) return tests;
  args->each([&](const Node& arg) { tests.push_back(read_test(arg)); });
  if (tests.size() > of_crun && uses_crun(options_.engine)) {
    note(*args, "crun reads the first 6 tests of a rule; the others are ignored");
    tests.resize(of_crun);
  }
  return tests;
}

std::vector<std::string> Reader::read_names(const Node& rule) {
  std::vector<std::string> names = read_strings(rule, "names");
  const auto name = dialect_.conditions ? rule.find("name") : std::nullopt;
  if (name && !name->text().empty()) {
    if (!names.empty()) name->fail("stands beside \"names\"; only one of them may be given");
    names = {name->text()};
  }
  if (names.empty()) note(rule, "names no system call; the rule does nothing");
  if (std::find(names.begin(), names.end(), "") != names.end()) {
    refuse_unless(uses_crun(options_.engine), rule, "an empty string is the name of no system call");
  }
  return names;
}

void Reader::note_unfiltered(const Rule& rule) {
  if (rule.action == SCMP_ACT_ALLOW) return;
  for (const std::string& name : rule.names) {
    const auto nr = bpf::syscall_number(name, arch::x86_64);
    if (!nr || bpf::is_filtered(*nr, arch::x86_64, options_.kernel)) continue;
    notes_.push_back(rule.path + ": Linux " + std::to_string(options_.kernel.major) + "." +
                     std::to_string(options_.kernel.minor) + " shows no filter the call " + bpf::in_quotes(name) +
                     "; the rule does nothing there");
  }
}

Rule Reader::read_rule(const Node& node) {
  Rule rule{node.path(), read_action(node, "action", "errno", "errnoRet"), read_names(node), read_tests(node)};
  if (!rule.names.empty()) check_notification(node, "action", rule.action, rule.names);
  note_unfiltered(rule);
  return rule;
}

// No rule of a bundle asks for them, but a word that is none shows a mistake.
void Reader::check_capabilities(const Node& bundle) {
  const auto process = bundle.find("process");
  const auto sets = process ? process->find("capabilities") : std::nullopt;
  if (!sets) return;
  for (const char* const key : {"bounding", "effective", "inheritable", "permitted", "ambient"}) {
    const auto set = sets->find(key);
    if (!set) continue;
    set->each([&](const Node& word) {
      if (!is_capability(word.text())) note(word, "no capability is called " + bpf::in_quotes(word.text()));
    });
  }
}

Profile Reader::read(const Node& node) {
  const auto listener = node.find("listenerPath");
  has_listener_ = listener && !listener->text().empty();
  check_profile_keys(node);
  Profile profile{
      read_action(node, "defaultAction", "defaultErrno", "defaultErrnoRet"), read_architectures(node), {}, {}};
  check_notification(node, "defaultAction", profile.default_action, {});
  check_settings(node);
  Keys known = {"names", "action", "args", "errnoRet"};
  Keys of_others;
  choose(dialect_.conditions, {"name", "includes", "excludes"}, known, of_others);
  choose(dialect_.error_names, {"errno"}, known, of_others);
  if (const auto rules = node.find("syscalls")) {
    rules->each([&](const Node& rule) {
      check_keys(rule, known, of_others);
      if (applies(rule)) profile.rules.push_back(read_rule(rule));
    });
  }
  profile.notes = std::move(notes_);
  return profile;
}

bool is_bundle(const Node& node) {
  return !node.find("defaultAction") && (node.find("ociVersion") || node.find("process") || node.find("linux"));
}

Profile read_bundle(const Node& bundle, const OciOptions& options) {
  const auto linux_section = bundle.find("linux");
  const auto seccomp = linux_section ? linux_section->find("seccomp") : std::nullopt;
  if (!seccomp) bundle.fail("this OCI bundle has no \"linux.seccomp\": no filter, every call is allowed");
  Reader reader(options, true);
  reader.check_capabilities(bundle);
  return reader.read(*seccomp);
}

}  // namespace

Profile read_profile(std::string_view json, const OciOptions& options) {
  const Json document = parse_json(json);
  const Node node(document);
  return is_bundle(node) ? read_bundle(node, options) : Reader(options, false).read(node);
}

}  // namespace callgate::profiles
