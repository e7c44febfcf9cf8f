#include "cli/tracer.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "cli/command.h"

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

// The terminal sends these to the command as well; it decides what they mean, and what was recorded is kept.
class IgnoredSignals {
 public:
  IgnoredSignals() {
    for (std::size_t i = 0; i < count; ++i) before_[i] = signal(signals[i], SIG_IGN);
  }
  IgnoredSignals(const IgnoredSignals&) = delete;
  IgnoredSignals& operator=(const IgnoredSignals&) = delete;
  ~IgnoredSignals() { restore(); }
  void restore() const {
    for (std::size_t i = 0; i < count; ++i) signal(signals[i], before_[i]);
  }

 private:
  static constexpr std::size_t count = 2;
  static constexpr int signals[count] = {SIGINT, SIGQUIT};
  sighandler_t before_[count];
};

// In the child: waits to be traced, then becomes the command. Only async-signal-safe calls.
[[noreturn]] void become(char* const* words, Pipe& go, Pipe& error) {
  char byte = 0;
  close(go.write_end());
  if (read(go.read_end(), &byte, 1) != 1) _exit(127);
  execvp(words[0], words);
  const int number = errno;
  static_cast<void>(write(error.write_end(), &number, sizeof number));
  _exit(127);
}

class Tracer {
 public:
  Tracer(pid_t command, const std::function<void(const SeccompData&)>& seen) : command_(command), seen_(seen) {}

  // Until no tracee is left.
  int run() {
    for (;;) {
      int status = 0;
      const pid_t thread = waitpid(-1, &status, __WALL);
      if (thread < 0 && errno == EINTR) continue;
      if (thread < 0) return exit_code_;
      if (WIFSTOPPED(status)) {
        stopped(thread, status);
      } else if (thread == command_) {
        exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      }
    }
  }

 private:
  void stopped(pid_t thread, int status) {
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    if (event == PTRACE_EVENT_EXEC && !started_) start();
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
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return;
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
    SeccompData data{};
    data.nr = static_cast<std::uint32_t>(info.entry.nr);
    data.arch = info.arch;
    data.instruction_pointer = info.instruction_pointer;
    std::copy(std::begin(info.entry.args), std::end(info.entry.args), data.args);
    started_ ? seen_(data) : static_cast<void>(last_before_start_ = data);
  }

  // The first calls are this program's own, on the way to becoming the command; the last of them is its execve().
  void start() {
    started_ = true;
    seen_(last_before_start_);
  }

  pid_t command_;
  const std::function<void(const SeccompData&)>& seen_;
  bool started_ = false;
  SeccompData last_before_start_{};
  int exit_code_ = 0;
};

}  // namespace

int trace(const std::vector<std::string>& command, const std::function<void(const SeccompData&)>& seen) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  Pipe go;
  Pipe error;
  const IgnoredSignals ignored;
  const pid_t child = fork();  // not process::spawn(): the child waits for its tracer before it executes the command
  if (child < 0) fail("fork", errno);
  if (child == 0) {
    ignored.restore();
    become(words.data(), go, error);
  }
  error.close_end(1);
  if (ptrace(PTRACE_SEIZE, child, nullptr, trace_options) != 0 ||
      ptrace(PTRACE_INTERRUPT, child, nullptr, nullptr) != 0) {
    const int reason = errno;
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    fail("the command cannot be traced", reason);
  }
  if (write(go.write_end(), "g", 1) != 1) fail("pipe", errno);
  const int code = Tracer(child, seen).run();
  int reason = 0;
  if (read(error.read_end(), &reason, sizeof reason) == sizeof reason) fail(command[0], reason);
  return code;
}

}  // namespace callgate::cli
