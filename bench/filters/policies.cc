// Filters of two kinds that real policies have and hand-made examples do not: several tests of one call that must all
// hold, and lists of 64-bit values.
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <set>
#include <stdexcept>

#include "bench/filters/seccomp_filter.h"

namespace callgate::bench {
namespace {

using Tests = std::vector<scmp_arg_cmp>;

// Tests of one argument, as policies write them.
scmp_arg_cmp descriptor(unsigned argument) { return {argument, SCMP_CMP_LE, 1023, 0}; }
scmp_arg_cmp pointer(unsigned argument) { return {argument, SCMP_CMP_LT, std::uint64_t{1} << 47, 0}; }
scmp_arg_cmp size(unsigned argument) { return {argument, SCMP_CMP_LE, 0x7ffff000, 0}; }
scmp_arg_cmp at_most(unsigned argument, std::uint64_t limit) { return {argument, SCMP_CMP_LE, limit, 0}; }
scmp_arg_cmp equal(unsigned argument, std::uint64_t value) { return {argument, SCMP_CMP_EQ, value, 0}; }
scmp_arg_cmp without(unsigned argument, std::uint64_t bits) { return {argument, SCMP_CMP_MASKED_EQ, bits, 0}; }
// No flag but these.
scmp_arg_cmp only(unsigned argument, std::uint64_t flags) { return without(argument, 0xffffffff & ~flags); }

struct Rule {
  const char* name;
  Tests tests;
};

constexpr std::uint64_t namespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr std::uint64_t open_flags = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK |
                                     O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | 0100000;
constexpr std::uint64_t socket_type = 0xf | SOCK_CLOEXEC | SOCK_NONBLOCK;
constexpr std::uint64_t current_directory = 0xffffff9c;  // AT_FDCWD, as it comes in a register

// 41 calls; those that stand here more than once have alternatives. (Alternatives that differ in an inequality only
// take libseccomp 2.5 for ever.)
std::vector<Rule> conjunction_rules() {
  return {
      {"read", {descriptor(0), pointer(1), size(2)}},
      {"write", {descriptor(0), pointer(1), size(2)}},
      {"pread64", {descriptor(0), pointer(1), size(2), pointer(3)}},
      {"pwrite64", {descriptor(0), pointer(1), size(2), pointer(3)}},
      {"readv", {descriptor(0), pointer(1), at_most(2, 1024)}},
      {"writev", {descriptor(0), pointer(1), at_most(2, 1024)}},
      {"mmap", {size(1), without(2, PROT_EXEC), only(3, 0x7f)}},
      {"mmap", {size(1), equal(2, PROT_READ | PROT_EXEC), equal(3, MAP_PRIVATE), descriptor(4)}},
      {"mprotect", {pointer(0), size(1), without(2, PROT_EXEC)}},
      {"mprotect", {pointer(0), size(1), equal(2, PROT_READ | PROT_EXEC)}},
      {"munmap", {pointer(0), size(1)}},
      {"mremap", {pointer(0), size(1), size(2), only(3, MREMAP_MAYMOVE)}},
      {"madvise", {pointer(0), size(1), at_most(2, MADV_WILLNEED)}},
      {"ioctl", {descriptor(0), {1, SCMP_CMP_MASKED_EQ, 0xffffff00, 0x5400}, pointer(2)}},
      {"fcntl", {descriptor(0), equal(1, F_SETFL), only(2, O_APPEND | O_NONBLOCK)}},
      {"fcntl", {descriptor(0), equal(1, F_DUPFD_CLOEXEC), descriptor(2)}},
      {"recvfrom", {descriptor(0), pointer(1), size(2), without(3, MSG_OOB | MSG_ERRQUEUE)}},
      {"sendto", {descriptor(0), pointer(1), size(2), only(3, MSG_NOSIGNAL | MSG_DONTWAIT | MSG_MORE)}},
      {"recvmsg", {descriptor(0), pointer(1), without(2, MSG_OOB | MSG_ERRQUEUE)}},
      {"sendmsg", {descriptor(0), pointer(1), only(2, MSG_NOSIGNAL | MSG_DONTWAIT)}},
      {"socket", {at_most(0, AF_INET), only(1, socket_type), equal(2, 0)}},
      {"socket", {equal(0, AF_INET6), only(1, socket_type), at_most(2, 17)}},
      {"connect", {descriptor(0), pointer(1), at_most(2, 128)}},
      {"accept4", {descriptor(0), pointer(1), pointer(2), only(3, SOCK_CLOEXEC | SOCK_NONBLOCK)}},
      {"setsockopt", {descriptor(0), at_most(1, SOL_SOCKET), at_most(2, 76), at_most(4, 4096)}},
      {"getsockopt", {descriptor(0), at_most(1, SOL_SOCKET), at_most(2, 76), pointer(4)}},
      {"clone", {without(0, namespaces), pointer(1), pointer(2)}},
      {"openat", {equal(0, current_directory), pointer(1), only(2, open_flags), at_most(3, 0777)}},
      {"openat", {descriptor(0), pointer(1), only(2, open_flags), at_most(3, 0777)}},
      {"newfstatat", {descriptor(0), pointer(1), pointer(2), only(3, 0x1900)}},
      {"newfstatat", {equal(0, current_directory), pointer(1), pointer(2), only(3, 0x1900)}},
      {"statx", {pointer(1), without(2, 0xffff8000), at_most(3, 0xfff), pointer(4)}},
      {"execve", {pointer(0), pointer(1), pointer(2)}},
      {"wait4", {pointer(1), only(2, WNOHANG | WUNTRACED | WCONTINUED)}},
      {"kill", {at_most(0, 4194304), at_most(1, 64)}},
      {"tgkill", {at_most(0, 4194304), at_most(1, 4194304), at_most(2, 64)}},
      {"futex", {pointer(0), only(1, 0xf | FUTEX_PRIVATE_FLAG), at_most(2, 0x7fffffff)}},
      {"epoll_ctl", {descriptor(0), at_most(1, 3), descriptor(2), pointer(3)}},
      {"epoll_wait", {descriptor(0), pointer(1), at_most(2, 4096)}},
      {"poll", {pointer(0), at_most(1, 1024)}},
      {"getrandom", {pointer(0), size(1), at_most(2, 3)}},
      {"prlimit64", {equal(0, 0), at_most(1, 15), pointer(2), pointer(3)}},
      {"getdents64", {descriptor(0), pointer(1), size(2)}},
      {"lseek", {descriptor(0), pointer(1), at_most(2, 4)}},
      {"fallocate", {descriptor(0), only(1, 0x3), pointer(2), pointer(3)}},
      {"dup3", {descriptor(0), descriptor(1), only(2, O_CLOEXEC)}},
      {"pipe2", {pointer(0), only(1, O_CLOEXEC | O_NONBLOCK)}},
  };
}

// The names that x86_64 numbers have, in the order of the numbers; none for a number without one.
std::vector<std::string> names_in_order() {
  std::vector<std::string> names;
  for (int nr = 0; nr < 460; ++nr) {
    char* const name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, nr);
    if (name != nullptr) names.emplace_back(name);
    std::free(name);
  }
  return names;
}

constexpr std::size_t allowed_numbers = 260;  // those that are judged among them

struct Policy {
  SeccompFilter filter;
  std::vector<std::string> left;  // names that it does not have yet
};

Policy conjunction_policy(const std::string& name) {
  Policy policy{{name, SCMP_ACT_ERRNO(EPERM), {SCMP_ARCH_X86_64}}, {}};
  std::set<std::string> judged;
  for (const auto& [call, tests] : conjunction_rules()) {
    policy.filter.rule(SCMP_ACT_ALLOW, call, tests);
    judged.insert(call);
  }
  std::size_t plain = allowed_numbers - judged.size();
  std::size_t at = 0;
  for (const std::string& call : names_in_order()) {
    if (judged.contains(call)) continue;
    const bool is_left = ++at % 6 == 0;  // so that what is allowed has gaps
    if (is_left || plain == 0) {
      policy.left.push_back(call);
      continue;
    }
    policy.filter.rule(SCMP_ACT_ALLOW, call.c_str());
    --plain;
  }
  return policy;
}

// A third of them need both halves.
std::uint64_t listed_value(std::uint64_t index) {
  const std::uint64_t mixed = (index + 1) * 0x9e3779b97f4a7c15;
  switch ((index + index / 60) % 6) {  // 60 lists take turns
    case 0: return mixed >> 8;
    case 1: return mixed >> 20;
    case 2: return index;
    case 3: return mixed >> 48;
    default: return mixed >> 32;
  }
}

}  // namespace

Workload conjunctions() {
  Workload workload{"conjunctions", "260 numbers allowed, 41 of them if two to four arguments fit", {}};
  workload.filters.push_back(conjunction_policy("conjunctions").filter.build());
  return workload;
}

namespace {

NamedFilter make_value_lists() {
  constexpr std::size_t lists = 60;
  constexpr std::size_t values = 1459;  // as many as fit
  Policy policy = conjunction_policy("value-lists");
  if (policy.left.size() < lists) throw std::runtime_error("value-lists: libseccomp knows too few calls");
  for (std::size_t i = 0; i < values; ++i) {
    const std::string& call = policy.left[i % lists];
    policy.filter.rule(SCMP_ACT_ALLOW, call.c_str(), {equal(1, listed_value(i))});
  }
  return policy.filter.build();
}

}  // namespace

// libseccomp takes a second for so many rules.
Workload value_lists() {
  static const NamedFilter filter = make_value_lists();
  return {
      "value-lists",
      "the same, and 60 numbers whose second argument must be in a list of 64-bit values: as long as a filter can be",
      {filter}};
}

}  // namespace callgate::bench
