#include "profiles/libseccomp.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <memory>
#include <new>
#include <stdexcept>
#include <system_error>

#include <seccomp.h>

#include "bpf/quote.h"
#include "oracles/process/child.h"

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

// Adds the rules, and says how many.
std::size_t add_rules(void* context, std::span<const CallRule> rules) {
  std::size_t added = 0;
  for (const CallRule& rule : rules) {
    const int number = libseccomp_number(rule.name);
    if (rule.is_default || number == __NR_SCMP_ERROR) continue;
    const auto count = static_cast<unsigned>(rule.tests.size());
    check(seccomp_rule_add_array(context, rule.action, number, count, rule.tests.data()),
          rule.path + ": libseccomp refuses the rule for " + bpf::in_quotes(rule.name));
    ++added;
  }
  return added;
}

void generate(const Profile& profile, std::span<const CallRule> rules, bool binary_tree, const MemoryFile& out) {
  const Context context = make_context(profile);
  // libseccomp 2.5 fails on a tree without rules.
  if (add_rules(context.get(), rules) > 0 && binary_tree) {
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
    // What the C library says of a broken heap before it aborts: the parent says that libseccomp crashed.
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) dup2(nowhere, STDERR_FILENO);
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

}  // namespace

// libseccomp's time grows with more than the square of the rules, some tests of arguments it never gets done with, and
// nothing interrupts it. A filter of 4096 instructions takes about a second.
std::vector<Insn> libseccomp_filter(const Profile& profile, std::span<const CallRule> rules,
                                    const OciOptions& options) {
  const MemoryFile file;
  run_with_limit(options.seconds, [&] { generate(profile, rules, options.binary_tree, file); });
  return file.content<Insn>();
}

LibseccompVersion libseccomp_version() {
  const scmp_version* const version = seccomp_version();
  return {version->major, version->minor, version->micro};
}

}  // namespace callgate::profiles
