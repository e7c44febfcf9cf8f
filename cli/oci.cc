#include "cli/oci.h"

#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <new>
#include <set>
#include <span>
#include <stdexcept>
#include <system_error>

#include <seccomp.h>

#include "cli/json_node.h"
#include "cli/oci_profile.h"

namespace callgate::oci {
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

// Adds each rule once: libseccomp compares a new rule with all earlier ones of the same call, and says nothing when it
// drops one that it has. More rules than any filter has room for are refused before that takes minutes.
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

// Returns how many different rules there are.
std::size_t add_rules(void* context, const Profile& profile, std::vector<std::string>& notes) {
  RuleSet rules(context);
  for (const Rule& rule : profile.rules) {
    if (rule.action == profile.default_action) continue;
    for (const std::string& name : rule.names) {
      const int number = resolve(name);
      if (number == __NR_SCMP_ERROR) {
        notes.push_back(rule.path + ": system call " + in_quotes(name) + " is not known to libseccomp; skipped");
        continue;
      }
      add_rule(rules, rule, name, number);
    }
  }
  return rules.size();
}

class MemoryFile {
 public:
  MemoryFile() : fd_(memfd_create("callgate-oci", MFD_CLOEXEC)) { require(fd_ >= 0); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { close(fd_); }

  int fd() const noexcept { return fd_; }

  std::vector<Insn> instructions() const {
    const off_t size = lseek(fd_, 0, SEEK_END);
    require(size >= 0);
    std::vector<Insn> instructions(static_cast<std::size_t>(size) / sizeof(Insn));
    const std::size_t wanted = instructions.size() * sizeof(Insn);
    require(pread(fd_, instructions.data(), wanted, 0) == static_cast<ssize_t>(wanted));
    return instructions;
  }

 private:
  static void require(bool condition) {
    if (!condition) throw std::system_error(errno, std::generic_category(), "memory file for libseccomp's filter");
  }

  int fd_;
};

std::vector<Insn> export_filter(void* context) {
  const MemoryFile file;
  check(seccomp_export_bpf(context, file.fd()), "libseccomp cannot generate the filter");
  return file.instructions();
}

OciFilter compile(const Profile& profile, const OciOptions& options) {
  OciFilter filter;
  const Context context = make_context(profile);
  const std::size_t rules = add_rules(context.get(), profile, filter.notes);
  // libseccomp 2.5 fails on a tree without rules.
  if (options.binary_tree && rules > 0) {
    check(seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "libseccomp cannot make a binary tree");
  }
  filter.instructions = export_filter(context.get());
  // libseccomp 2.5 may lose a rule, and say nothing, when it runs out of memory for a moment (tests/faults/cli_test.cc).
  if (filter.instructions != export_filter(context.get())) throw std::bad_alloc();
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

}  // namespace callgate::oci
