#include "profiles/oci.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <memory>
#include <new>
#include <set>
#include <span>
#include <stdexcept>
#include <system_error>

#include <seccomp.h>

#include "oracles/process/child.h"
#include "profiles/json_node.h"
#include "profiles/oci_profile.h"

namespace callgate::profiles {
namespace {

struct ContextDeleter {
  void operator()(void* context) const noexcept { seccomp_release(context); }
};
using Context = std::unique_ptr<void, ContextDeleter>;

// libseccomp's functions return a negated errno value.
void check(int status, const std::string& what) {
  if (status < 0) throw std::runtime_error(what + ": " + std::generic_category().message(-status));
}

// Which actions libseccomp accepts must not depend on the kernel that this tool runs on.
constexpr unsigned api_level_with_all_actions = 6;

Context make_context(const Profile& profile) {
  seccomp_api_set(api_level_with_all_actions);
  Context context(seccomp_init(profile.default_action));
  if (context == nullptr) throw std::runtime_error("defaultAction: libseccomp cannot make such a filter");
  for (const Architecture& wanted : profile.architectures) {
    const int status = seccomp_arch_add(context.get(), wanted.token);
    if (status != -EEXIST) check(status, wanted.path + ": libseccomp cannot add this architecture");
  }
  // A filter starts with the architecture that libseccomp was built for.
  const std::uint32_t built_for = seccomp_arch_native();
  const auto is_built_for = [&](const Architecture& wanted) { return wanted.token == built_for; };
  if (std::none_of(profile.architectures.begin(), profile.architectures.end(), is_built_for)) {
    check(seccomp_arch_remove(context.get(), built_for), "architectures: libseccomp cannot leave out its own");
  }
  return context;
}

// Adds each rule once, as libseccomp does silently. More rules than any filter has room for are refused.
class RuleSet {
 public:
  explicit RuleSet(void* context) : context_(context) {}

  void add(const Rule& rule, const std::string& name, int number, std::span<const scmp_arg_cmp> tests) {
    if (!known_.insert(key(rule, number, tests)).second) return;
    if (known_.size() > most) {
      throw std::runtime_error(rule.path + ": more than " + std::to_string(most) + " different rules");
    }
    check(seccomp_rule_add_array(context_, rule.action, number, static_cast<unsigned>(tests.size()), tests.data()),
          rule.path + ": libseccomp refuses the rule for " + in_quotes(name));
  }
  std::size_t size() const noexcept { return known_.size(); }

 private:
  static constexpr std::size_t most = 2 * max_program_length;  // each takes an instruction, unless others swallow it

  using Key = std::vector<std::uint64_t>;
  static Key key(const Rule& rule, int number, std::span<const scmp_arg_cmp> tests) {
    Key key{rule.action, static_cast<std::uint32_t>(number)};
    for (const scmp_arg_cmp& test : tests) {
      key.insert(key.end(), {test.arg, static_cast<std::uint64_t>(test.op), test.datum_a, test.datum_b});
    }
    return key;
  }

  void* context_;
  std::set<Key> known_;
};

bool tests_an_argument_twice(const Rule& rule) {
  std::array<int, 6> count{};
  return std::any_of(rule.tests.begin(), rule.tests.end(), [&](const auto& test) { return ++count[test.arg] > 1; });
}

void add_rule(RuleSet& rules, const Rule& rule, const std::string& name, int number) {
  if (!tests_an_argument_twice(rule)) return rules.add(rule, name, number, rule.tests);
  for (const scmp_arg_cmp& test : rule.tests) rules.add(rule, name, number, {&test, 1});
}

// The number by which libseccomp knows `name` (negative if only other architectures have the call), or
// __NR_SCMP_ERROR.
int resolve(const std::string& name) {
  return name.find('\0') == std::string::npos ? seccomp_syscall_resolve_name(name.c_str()) : __NR_SCMP_ERROR;
}

// The rules that make a difference, without names that libseccomp does not know.
std::vector<Rule> known_rules(const Profile& profile, std::vector<std::string>& notes) {
  std::vector<Rule> rules;
  std::set<std::string_view> unknown;
  for (const Rule& rule : profile.rules) {
    if (rule.action == profile.default_action) continue;
    Rule& known = rules.emplace_back(Rule{rule.path, rule.action, {}, rule.tests});
    for (const std::string& name : rule.names) {
      if (resolve(name) != __NR_SCMP_ERROR) {
        known.names.push_back(name);
      } else if (unknown.insert(name).second) {
        notes.push_back(rule.path + ": system call " + in_quotes(name) + " is not known to libseccomp; skipped");
      }
    }
  }
  return rules;
}

class MemoryFile {
 public:
  MemoryFile() : fd_(memfd_create("callgate-oci", MFD_CLOEXEC)) { require(fd_ >= 0); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { close(fd_); }

  int fd() const noexcept { return fd_; }

  void write(std::string_view text) const {
    require(::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }

  // All that there is in it, less what does not fill a T.
  template <class T>
  std::vector<T> content() const {
    const off_t size = lseek(fd_, 0, SEEK_END);
    require(size >= 0);
    std::vector<T> content(static_cast<std::size_t>(size) / sizeof(T));
    const std::size_t wanted = content.size() * sizeof(T);
    require(pread(fd_, content.data(), wanted, 0) == static_cast<ssize_t>(wanted));
    return content;
  }

 private:
  static void require(bool condition) {
    if (!condition) throw std::system_error(errno, std::generic_category(), "memory file for libseccomp's filter");
  }

  int fd_;
};

void export_filter(void* context, const MemoryFile& file) {
  check(seccomp_export_bpf(context, file.fd()), "libseccomp cannot generate the filter");
}

void generate(const Profile& profile, std::span<const Rule> rules, bool binary_tree, const MemoryFile& out) {
  const Context context = make_context(profile);
  RuleSet added(context.get());
  for (const Rule& rule : rules) {
    for (const std::string& name : rule.names) add_rule(added, rule, name, resolve(name));
  }
  // libseccomp 2.5 fails on a tree without rules.
  if (binary_tree && added.size() > 0) {
    check(seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "libseccomp cannot make a binary tree");
  }
  export_filter(context.get(), out);
  // libseccomp 2.5 may lose a rule, and say nothing, when it runs out of memory for a moment
  // (tests/faults/cli_test.cc).
  const MemoryFile again;
  export_filter(context.get(), again);
  if (out.content<Insn>() != again.content<Insn>()) throw std::bad_alloc();
}

// Calls work() in a child with a limit on its processor time. What work() throws is thrown here.
template <class Work>
void run_with_limit(rlim_t seconds, Work work) {
  const MemoryFile failure;
  const int status = process::run([&] {
    const rlimit processor_time{seconds, seconds};
    const rlimit no_core_file{0, 0};
    setrlimit(RLIMIT_CPU, &processor_time);
    setrlimit(RLIMIT_CORE, &no_core_file);
    try {
      work();
    } catch (const std::exception& error) {
      failure.write(error.what());
      return 1;
    }
    return 0;
  });
  if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL)) {
    throw std::runtime_error("libseccomp does not get done with the rules in " + std::to_string(seconds) + " s");
  }
  if (!WIFEXITED(status)) throw std::runtime_error("libseccomp crashes on the rules");
  const std::vector<char> message = failure.content<char>();
  if (WEXITSTATUS(status) != 0) throw std::runtime_error(std::string(message.begin(), message.end()));
}

// libseccomp's time grows with more than the square of the rules, some tests of arguments it never gets done with, and
// nothing interrupts it. A filter of 4096 instructions takes about a second.
OciFilter compile(const Profile& profile, const OciOptions& options) {
  OciFilter filter;
  const std::vector<Rule> rules = known_rules(profile, filter.notes);
  const MemoryFile file;
  run_with_limit(options.seconds, [&] { generate(profile, rules, options.binary_tree, file); });
  filter.instructions = file.content<Insn>();
  return filter;
}

}  // namespace

Expected<KernelVersion, std::string> parse_kernel_version(std::string_view text) {
  KernelVersion version;
  const char* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec == std::errc{} && major.ptr != end && *major.ptr == '.') {
    const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
    if (minor.ec == std::errc{} && (minor.ptr == end || *minor.ptr < '0' || *minor.ptr > '9')) return version;
  }
  return "expected a kernel version such as \"4.8\", found " + in_quotes(text);
}

KernelVersion running_kernel() {
  utsname name{};
  if (uname(&name) != 0) return {};
  const auto version = parse_kernel_version(name.release);
  return version ? *version : KernelVersion{};
}

Expected<OciFilter, std::string> compile_oci(std::string_view json, const OciOptions& options) {
  try {
    return compile(read_profile(json, options), options);
  } catch (const std::exception& error) {
    return std::string(error.what());
  }
}

}  // namespace callgate::profiles
