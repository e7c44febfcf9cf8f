#include "cli/process_filters.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <cerrno>
#include <system_error>

#include "cli/command.h"

#ifndef PTRACE_SECCOMP_GET_FILTER
#define PTRACE_SECCOMP_GET_FILTER static_cast<__ptrace_request>(0x420c)
#endif

namespace callgate::cli {
namespace {

[[noreturn]] void fail(pid_t pid, const std::string& why, int error) {
  throw Failure(ExitCode::usage, fmt::format("process {}: {}: {}", pid, why, std::generic_category().message(error)));
}

// What the kernel wants (ptrace_attach(), get_nth_filter() in kernel/seccomp.c).
std::string reason(int error) {
  switch (error) {
    case EACCES:
      return "its filters are told only to a process with CAP_SYS_ADMIN in the initial user namespace that has no "
             "filters "
             "of its own";
    case EINVAL:
    case EIO: return "the kernel does not tell filters: it is built without CONFIG_CHECKPOINT_RESTORE";
    case EMEDIUMTYPE: return "it has a filter that is no classic BPF";
    default: return "its filters cannot be read";
  }
}

// Stops a thread, and lets it go on when the object ends.
class Stopped {
 public:
  explicit Stopped(pid_t pid) : pid_(pid) {
    if (ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0) {
      fail(pid,
           errno == EPERM
               ? "it may not be traced, or somebody else traces it (a tracer is of the same user, with all its "
                 "capabilities, or has CAP_SYS_PTRACE)"
               : "it cannot be traced",
           errno);
    }
    int status = 0;
    if (ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr) != 0 || waitpid(pid, &status, __WALL) != pid ||
        !WIFSTOPPED(status)) {
      fail(pid, "it did not stop", errno == 0 ? ESRCH : errno);
    }
    const bool is_signal = status >> 16 != PTRACE_EVENT_STOP;  // that came first, and has to be passed on
    if (is_signal) signal_ = WSTOPSIG(status);
  }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;
  ~Stopped() { ptrace(PTRACE_DETACH, pid_, nullptr, signal_); }

 private:
  pid_t pid_;
  long signal_ = 0;
};

}  // namespace

std::vector<std::vector<Insn>> filters_of_process(pid_t pid) {
  const Stopped stopped(pid);
  std::vector<std::vector<Insn>> filters;
  for (std::size_t index = 0;; ++index) {
    const long count = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, index, nullptr);
    if (count < 0 && errno == ENOENT) return filters;
    if (count < 0 && errno == EINVAL && index == 0) {
      // No filters at all, or no such request: the first is what /proc says.
      Input status("/proc/" + std::to_string(pid) + "/status");
      const std::string text = status.read_all();
      if (text.find("Seccomp:\t0\n") != std::string::npos || text.find("Seccomp:\t1\n") != std::string::npos) return {};
      errno = EINVAL;
    }
    if (count < 0) fail(pid, reason(errno), errno);
    std::vector<Insn> insns(static_cast<std::size_t>(count));
    if (ptrace(PTRACE_SECCOMP_GET_FILTER, pid, index, insns.data()) != count) fail(pid, reason(errno), errno);
    filters.push_back(std::move(insns));
  }
}

}  // namespace callgate::cli
