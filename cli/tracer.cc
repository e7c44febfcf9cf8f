#include "cli/tracer.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <set>
#include <system_error>

#include "cli/command.h"
#include "cli/signals.h"

namespace callgate::cli {
namespace {

constexpr long trace_options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                               PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
constexpr int syscall_stop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD

[[noreturn]] void fail(const std::string& what, int error) {
  throw Failure(ExitCode::usage, what + ": " + std::generic_category().message(error));
}

// A pipe end that closes itself, and with exec.
class Pipe {
 public:
  Pipe() {
    if (pipe2(ends_, O_CLOEXEC) != 0) fail("pipe", errno);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_end(0);
    close_end(1);
  }

  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close_end(int which) {
    if (ends_[which] >= 0) close(ends_[which]);
    ends_[which] = -1;
  }

 private:
  int ends_[2];
};

// Signals that this process takes when it asks for them, and not before. What its caller had it ignore stays ignored.
class HeldSignals {
 public:
  HeldSignals() {
    sigemptyset(&held_);
    sigaddset(&held_, SIGCHLD);
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGXCPU, SIGUSR1, SIGUSR2}) {
      struct sigaction action {};
      sigaction(number, nullptr, &action);
      if (action.sa_handler != SIG_IGN) sigaddset(&held_, number);
    }
    sigprocmask(SIG_BLOCK, &held_, &before_);
  }

  // Async-signal-safe.
  void release() const { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  // The next one, or nothing within that time.
  std::optional<siginfo_t> wait(std::chrono::milliseconds most) const {
    timespec time{};
    time.tv_sec = static_cast<time_t>(most.count() / 1000);
    time.tv_nsec = static_cast<long>(most.count() % 1000 * 1'000'000);
    siginfo_t info{};
    return sigtimedwait(&held_, &info, &time) > 0 ? std::optional(info) : std::nullopt;
  }

  static bool asks_for_the_end(int number) { return number != SIGUSR1 && number != SIGUSR2; }

 private:
  sigset_t held_;
  sigset_t before_;
};

// In the child: waits to be traced, then becomes the command, with signals and streams as the caller had them. Only
// async-signal-safe calls.
[[noreturn]] void become(char* const* words, CommandOutput output, Pipe& go, Pipe& error, const HeldSignals& held) {
  char byte = 0;
  close(go.write_end());
  if (read(go.read_end(), &byte, 1) != 1) _exit(127);
  if (output == CommandOutput::standard_error && dup2(STDERR_FILENO, STDOUT_FILENO) < 0) _exit(127);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if ((fcntl(fd, F_GETFL) & O_PATH) != 0) close(fd);  // run_command() opened it because it was closed
  }
  restore_signals();
  held.release();
  execvp(words[0], words);
  const int number = errno;
  static_cast<void>(write(error.write_end(), &number, sizeof number));
  _exit(127);
}

// Whether a call asks for a child that nobody traces (kernel_clone() in kernel/fork.c).
bool asks_for_untraced_child(pid_t thread, const SeccompData& data) {
  const bool is_i386 = data.arch == arch::x86_32;
  const std::uint32_t nr = is_i386 ? data.nr : data.nr & ~arch::x32_bit;
  constexpr std::uint32_t clone3 = 435;
  std::uint64_t flags = 0;
  if (nr == (is_i386 ? 120 : 56)) {
    flags = data.args[0];
  } else if (nr == clone3) {  // the first word of its struct clone_args
    errno = 0;
    const long word = ptrace(PTRACE_PEEKDATA, thread, data.args[0], nullptr);
    if (errno == 0) flags = static_cast<unsigned long>(word);
  }
  return (flags & CLONE_UNTRACED) != 0;
}

class Tracer {
 public:
  Tracer(pid_t command, const HeldSignals& signals, const TraceEvents& events)
      : command_(command), signals_(signals), events_(events) {}

  // Until no tracee is left, or until those that are left have been given up.
  TraceEnd run() {
    constexpr int look_for_signals_after = 64;  // stops, when there is always another one
    for (int stops = 0; !(end_.given_up = is_over());) {
      int status = 0;
      const pid_t thread = waitpid(-1, &status, __WALL | WNOHANG);
      if (thread < 0 && errno == EINTR) continue;
      if (thread < 0) break;
      if (thread > 0) changed(thread, status);
      if (thread == 0 || ++stops % look_for_signals_after == 0) take_signal(thread == 0 ? patience() : Time{0});
    }
    return end_;
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Time = std::chrono::milliseconds;

  static constexpr Time most_patience{60'000};
  static constexpr Time time_to_end{5'000};  // for those who were told to

  bool is_over() const { return deadline_ && Clock::now() >= *deadline_; }
  Time patience() const {
    if (!deadline_) return most_patience;
    return std::max(Time{0}, std::chrono::ceil<Time>(*deadline_ - Clock::now()));
  }

  void take_signal(Time patience) {
    const std::optional<siginfo_t> info = signals_.wait(patience);
    if (!info || info->si_signo == SIGCHLD) return;
    const bool is_end = HeldSignals::asks_for_the_end(info->si_signo);
    if (is_end) end_.told_to_end_by = info->si_signo;
    if (info->si_code > 0) return;  // from the kernel: the terminal gave it to the command as well, which decides
    if (is_end && !deadline_) deadline_ = Clock::now() + time_to_end;
    for (const pid_t thread : threads_) {
      const bool is_process = tgkill(thread, thread, 0) == 0;
      if (is_process) kill(thread, info->si_signo);
    }
  }

  void changed(pid_t thread, int status) {
    if (WIFSTOPPED(status)) {
      threads_.insert(thread);
      return stopped(thread, status);
    }
    threads_.erase(thread);
    if (thread != command_) return;
    end_.command_killed_by = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    end_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  void stopped(pid_t thread, int status) {
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    if (event == PTRACE_EVENT_EXEC && !started_) start(thread);
    if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) tell_birth(thread);
    if (signal == syscall_stop) {
      look(thread);
      return go_on(thread, 0);
    }
    if (event == PTRACE_EVENT_STOP && is_stopping(signal)) {  // the whole group stays stopped
      ptrace(PTRACE_LISTEN, thread, nullptr, nullptr);
      return;
    }
    go_on(thread, event == 0 ? signal : 0);
  }

  static bool is_stopping(int signal) {
    return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
  }

  // A thread that was killed meanwhile is gone: its end is reported next.
  static void go_on(pid_t thread, int signal) { ptrace(PTRACE_SYSCALL, thread, nullptr, signal); }

  void look(pid_t thread) {
    __ptrace_syscall_info info{};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) {
      if (errno == ESRCH) return;  // killed meanwhile
      fail("the command's system calls cannot be read", errno);
    }
    if (info.op == PTRACE_SYSCALL_INFO_EXIT && started_ && events_.returned) events_.returned(thread, info.exit.rval);
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
    SeccompData data{};
    data.nr = static_cast<std::uint32_t>(info.entry.nr);
    data.arch = info.arch;
    data.instruction_pointer = info.instruction_pointer;
    std::copy(std::begin(info.entry.args), std::end(info.entry.args), data.args);
    if (!started_) {
      last_before_start_ = data;
      return;
    }
    events_.entered(thread, data);
    if (asks_for_untraced_child(thread, data)) ++end_.untraced;
  }

  // The first calls are this program's own, on the way to becoming the command; the last of them is its execve().
  void start(pid_t thread) {
    started_ = true;
    events_.entered(thread, last_before_start_);
  }

  void tell_birth(pid_t parent) const {
    unsigned long child = 0;
    if (!events_.born || ptrace(PTRACE_GETEVENTMSG, parent, nullptr, &child) != 0) return;
    events_.born(parent, static_cast<pid_t>(child));
  }

  pid_t command_;
  const HeldSignals& signals_;
  const TraceEvents& events_;
  std::set<pid_t> threads_;  // that are traced now
  std::optional<Clock::time_point> deadline_;
  bool started_ = false;
  SeccompData last_before_start_{};
  TraceEnd end_;
};

}  // namespace

TraceEnd trace(const std::vector<std::string>& command, CommandOutput output, const TraceEvents& events) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  Pipe go;
  Pipe error;
  const HeldSignals held;
  const pid_t child = fork();  // not process::spawn(): the child waits for its tracer before it executes the command
  if (child < 0) fail("fork", errno);
  if (child == 0) become(words.data(), output, go, error, held);
  error.close_end(1);
  if (ptrace(PTRACE_SEIZE, child, nullptr, trace_options) != 0 ||
      ptrace(PTRACE_INTERRUPT, child, nullptr, nullptr) != 0) {
    const int reason = errno;
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    fail("the command cannot be traced", reason);
  }
  if (write(go.write_end(), "g", 1) != 1) fail("pipe", errno);
  const TraceEnd end = Tracer(child, held, events).run();
  int reason = 0;
  fcntl(error.read_end(), F_SETFL, O_NONBLOCK);  // the child may have been given up before it got there
  if (read(error.read_end(), &reason, sizeof reason) == sizeof reason) fail(command[0], reason);
  return end;
}

}  // namespace callgate::cli
