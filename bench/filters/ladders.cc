#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>

#include "bench/filters/ladder.h"
#include "bench/filters/seccomp_filter.h"

namespace callgate::bench {
namespace {

// The number of a call on x86_64, whatever this program is built for.
std::uint32_t number(const char* name) {
  const int nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name);
  if (nr < 0) throw std::runtime_error(std::string("libseccomp does not know the call ") + name);
  return static_cast<std::uint32_t>(nr);
}

}  // namespace

// The order and the shape of such a filter in practice: first what shall fail gently, then what may be done, then a
// few calls of which only some arguments are fine, and death for everything else.
Workload sshd_like() {
  Ladder ladder;
  ladder.start();
  for (const char* name : {"lstat", "newfstatat", "stat", "shmget", "shmat", "shmdt", "open", "openat"}) {
    ladder.decide(number(name), action::errno_ | EACCES);
  }
  for (const char* name : {"brk",     "clock_gettime",  "close",           "exit",         "exit_group",  "futex",
                           "getpgid", "getpid",         "getrandom",       "gettimeofday", "getuid",      "geteuid",
                           "munmap",  "nanosleep",      "clock_nanosleep", "poll",         "ppoll",       "pselect6",
                           "read",    "rt_sigprocmask", "select",          "shutdown",     "sigaltstack", "time",
                           "write",   "writev",         "mremap"}) {
    ladder.decide(number(name), action::allow);
  }
  ladder.allow_values(number("mmap"), 2, {PROT_READ, PROT_READ | PROT_WRITE, PROT_NONE}, action::errno_ | EINVAL);
  ladder.allow_values(number("mprotect"), 2, {PROT_READ, PROT_READ | PROT_WRITE, PROT_NONE}, action::errno_ | EACCES);
  ladder.allow_values(number("madvise"), 2, {MADV_NORMAL, MADV_DONTNEED, MADV_FREE, MADV_DONTFORK},
                      action::kill_process);
  ladder.allow_values(number("ioctl"), 1, {TCGETS, TIOCGWINSZ, FIONREAD}, action::errno_ | ENOTTY);
  ladder.finish(action::kill_process);
  Workload workload{"sshd-like", "a hand-written ladder of a daemon's privilege-separated child", {}};
  workload.filters.push_back(verified("sshd-like", ladder.instructions()));
  return workload;
}

// Every number that exists and some that do not, three in four with an argument to look at, and so many values for
// the arguments that the filter comes out at exactly max_program_length.
Workload maximum() {
  constexpr std::uint32_t numbers = 460;
  constexpr std::uint32_t plain = numbers / 4;
  constexpr std::uint32_t checked = numbers - plain;
  constexpr std::size_t fixed = 4 + 2 * plain + Ladder::instructions_of_allow_values * checked + 1;
  constexpr std::size_t values = max_program_length - fixed;
  Ladder ladder;
  ladder.start();
  std::size_t spent = 0;
  std::uint32_t rank = 0;
  for (std::uint32_t nr = 0; nr < numbers; ++nr) {
    if (nr % 4 == 0) {
      ladder.decide(nr, action::allow);
      continue;
    }
    ++rank;
    const std::size_t due = values * rank / checked;
    std::vector<std::uint32_t> allowed;
    for (; spent < due; ++spent) allowed.push_back(static_cast<std::uint32_t>(spent % 7));
    ladder.allow_values(nr, nr % 6, allowed, action::errno_ | EPERM);
  }
  ladder.finish(action::errno_ | ENOSYS);
  Workload workload{"maximum", "460 numbers, three in four with argument checks: as long as a filter can be", {}};
  workload.filters.push_back(verified("maximum", ladder.instructions()));
  if (workload.filters[0].program.size() != max_program_length) throw std::runtime_error("maximum: wrong length");
  return workload;
}

}  // namespace callgate::bench
