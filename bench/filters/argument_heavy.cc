// An allow-list of the kind that virtual machine monitors and browsers use: which calls, and with which arguments.
#include <linux/futex.h>
#include <linux/netlink.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <fcntl.h>
#include <array>
#include <cerrno>

#include "bench/filters/seccomp_filter.h"

namespace callgate::bench {
namespace {

using Values = std::vector<std::uint64_t>;
using Pairs = std::vector<std::array<std::uint64_t, 2>>;

// The argument must be one of the values.
struct OneOf {
  const char* name;
  unsigned argument;
  Values values;
};

// Two arguments must be one of the pairs.
struct OnePairOf {
  const char* name;
  unsigned first;
  unsigned second;
  Pairs pairs;
};

// Of the argument's bits under `mask` none may be set.
struct Without {
  const char* name;
  unsigned argument;
  std::uint64_t mask;
};

Values range(std::uint64_t first, std::uint64_t last) {
  Values values;
  for (std::uint64_t value = first; value <= last; ++value) values.push_back(value);
  return values;
}

std::vector<OneOf> single_arguments() {
  return {
      {"ioctl",
       1,
       {TCGETS, TCSETS, TCSETSW, TIOCGWINSZ, TIOCSWINSZ, TIOCGPGRP, TIOCSPGRP, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX,
        0x4004af07, 0x4008af12, 0x4020ae46}},
      {"ioctl", 1, range(0xae00, 0xae08)},  // KVM's own
      {"ioctl", 1, range(0xae40, 0xaed7)},
      {"fcntl",
       1,
       {F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_DUPFD_CLOEXEC, 1031, 1032}},
      {"prctl", 0, range(PR_SET_PDEATHSIG, PR_SET_IO_FLUSHER)},
      {"prctl", 0, {PR_SET_VMA}},
      {"futex", 1, range(FUTEX_WAIT, FUTEX_CMP_REQUEUE_PI)},
      {"futex", 1, range(FUTEX_WAIT_PRIVATE, FUTEX_CMP_REQUEUE_PI_PRIVATE)},
      {"futex", 1, {FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME}},
      {"madvise", 2, range(MADV_NORMAL, MADV_REMOVE)},
      {"madvise", 2, range(MADV_DONTFORK, MADV_POPULATE_WRITE)},
      {"clock_gettime", 0, range(0, 11)},
      {"clock_getres", 0, range(0, 7)},
      {"clock_nanosleep", 0, {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME}},
      {"timerfd_create", 0, {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME}},
      {"timer_create", 0, {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID}},
      {"epoll_ctl", 1, {EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD}},
      {"epoll_create1", 0, {0, EPOLL_CLOEXEC}},
      {"eventfd2",
       1,
       {0, EFD_CLOEXEC, EFD_NONBLOCK, EFD_CLOEXEC | EFD_NONBLOCK, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE}},
      {"pipe2", 1, {0, O_CLOEXEC, O_NONBLOCK, O_CLOEXEC | O_NONBLOCK}},
      {"dup3", 2, {0, O_CLOEXEC}},
      {"getrandom", 2, {0, GRND_NONBLOCK}},
      {"lseek", 2, range(SEEK_SET, SEEK_HOLE)},
      {"rt_sigprocmask", 0, {SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK}},
      {"tgkill", 2, range(0, 64)},
      {"kill", 1, range(0, 31)},
      {"rt_sigaction", 0, range(1, 64)},
      {"setpriority", 0, {PRIO_PROCESS}},
      {"sched_setscheduler", 1, {SCHED_NORMAL, SCHED_BATCH, SCHED_IDLE}},
      {"shutdown", 1, {SHUT_RD, SHUT_WR, SHUT_RDWR}},
      {"membarrier", 0, {0, 8, 16}},
      {"arch_prctl", 0, {0x1002, 0x1003}},
      {"flock", 1, {1, 2, 4 | 1, 4 | 2, 8}},
      {"fadvise64", 3, range(0, 5)},
      {"wait4", 2, {0, WNOHANG, WUNTRACED, WNOHANG | WUNTRACED}},
      {"prlimit64", 1, range(RLIMIT_CPU, RLIMIT_RTTIME)},
      {"memfd_create", 1, {MFD_CLOEXEC, MFD_CLOEXEC | MFD_ALLOW_SEALING}},
      {"accept4", 3, {SOCK_CLOEXEC, SOCK_CLOEXEC | SOCK_NONBLOCK}},
  };
}

// Every type of socket of the families, with and without the flags.
Pairs sockets(const Values& families) {
  Pairs allowed;
  for (const std::uint64_t family : families) {
    for (const std::uint64_t type : Values{SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET}) {
      for (const std::uint64_t flags : Values{0, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_CLOEXEC | SOCK_NONBLOCK}) {
        allowed.push_back({family, type | flags});
      }
    }
  }
  return allowed;
}

// Protection without code, and the ways of mapping.
Pairs mappings() {
  Pairs allowed;
  for (const std::uint64_t protection : Values{PROT_NONE, PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE}) {
    for (const std::uint64_t sharing : Values{MAP_SHARED, MAP_PRIVATE}) {
      for (const std::uint64_t kind : Values{0, MAP_ANONYMOUS, MAP_FIXED, MAP_FIXED | MAP_ANONYMOUS, MAP_NORESERVE,
                                             MAP_NORESERVE | MAP_ANONYMOUS, MAP_STACK | MAP_ANONYMOUS, MAP_POPULATE}) {
        allowed.push_back({protection, sharing | kind});
      }
    }
  }
  return allowed;
}

std::vector<OnePairOf> pairs() {
  Pairs options;
  for (const std::uint64_t option : range(SO_REUSEADDR, SO_ZEROCOPY)) options.push_back({SOL_SOCKET, option});
  for (const std::uint64_t option : range(TCP_NODELAY, TCP_ULP)) options.push_back({IPPROTO_TCP, option});
  for (const std::uint64_t option : range(IP_TOS, IP_BIND_ADDRESS_NO_PORT)) options.push_back({IPPROTO_IP, option});
  for (const std::uint64_t option : range(IPV6_UNICAST_HOPS, IPV6_TCLASS)) options.push_back({IPPROTO_IPV6, option});
  return {
      {"socket", 0, 1, sockets({AF_UNIX, AF_INET, AF_INET6, AF_NETLINK})},
      {"socketpair", 0, 1, sockets({AF_UNIX})},
      {"mmap", 2, 3, mappings()},
      {"getsockopt", 1, 2, options},
      {"setsockopt", 1, 2, options},
  };
}

std::vector<Without> masks() {
  constexpr std::uint64_t namespaces =
      CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
  return {
      {"mprotect", 2, PROT_EXEC},
      {"clone", 0, namespaces},
      {"openat", 2, O_PATH | O_TMPFILE},
      {"fchmod", 1, S_ISUID | S_ISGID},
  };
}

const std::vector<const char*>& unconditional() {
  static const std::vector<const char*> names = {"brk",
                                                 "close",
                                                 "epoll_pwait",
                                                 "epoll_wait",
                                                 "exit",
                                                 "exit_group",
                                                 "fdatasync",
                                                 "fstat",
                                                 "fsync",
                                                 "ftruncate",
                                                 "getcwd",
                                                 "getdents64",
                                                 "getegid",
                                                 "geteuid",
                                                 "getgid",
                                                 "getpeername",
                                                 "getpid",
                                                 "getppid",
                                                 "getsockname",
                                                 "gettid",
                                                 "getuid",
                                                 "io_uring_enter",
                                                 "listen",
                                                 "mremap",
                                                 "munmap",
                                                 "nanosleep",
                                                 "newfstatat",
                                                 "poll",
                                                 "ppoll",
                                                 "pread64",
                                                 "preadv",
                                                 "pwrite64",
                                                 "pwritev",
                                                 "read",
                                                 "readlinkat",
                                                 "readv",
                                                 "recvfrom",
                                                 "recvmsg",
                                                 "restart_syscall",
                                                 "rseq",
                                                 "rt_sigreturn",
                                                 "sched_getaffinity",
                                                 "sched_yield",
                                                 "sendmsg",
                                                 "sendto",
                                                 "set_robust_list",
                                                 "set_tid_address",
                                                 "sigaltstack",
                                                 "statx",
                                                 "timerfd_settime",
                                                 "uname",
                                                 "write",
                                                 "writev"};
  return names;
}

}  // namespace

Workload argument_heavy() {
  SeccompFilter filter("argument-heavy", SCMP_ACT_ERRNO(EPERM), {SCMP_ARCH_X86_64});
  for (const auto& [name, argument, values] : single_arguments()) {
    for (const std::uint64_t value : values) filter.rule(SCMP_ACT_ALLOW, name, {{argument, SCMP_CMP_EQ, value, 0}});
  }
  for (const auto& [name, first, second, allowed] : pairs()) {
    for (const auto& [a, b] : allowed) {
      filter.rule(SCMP_ACT_ALLOW, name, {{first, SCMP_CMP_EQ, a, 0}, {second, SCMP_CMP_EQ, b, 0}});
    }
  }
  for (const auto& [name, argument, mask] : masks()) {
    filter.rule(SCMP_ACT_ALLOW, name, {{argument, SCMP_CMP_MASKED_EQ, mask, 0}});
  }
  filter.rules(SCMP_ACT_ALLOW, unconditional());
  Workload workload{"argument-heavy", "an allow-list in which 41 calls are judged by their arguments", {}};
  workload.filters.push_back(filter.build());
  return workload;
}

}  // namespace callgate::bench
