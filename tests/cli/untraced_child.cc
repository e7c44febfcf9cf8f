// Makes a child that no tracer follows, by the system call that the argument names, and waits for it.
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

// Ends at once: LeakSanitizer, which would look for leaks at the end, cannot work while the process is traced.
int main(int, char** argv) {
  long child = -1;
  if (std::strcmp(argv[1], "clone") == 0) {
    child = syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  } else {
    clone_args arguments{};
    arguments.flags = CLONE_UNTRACED;
    arguments.exit_signal = SIGCHLD;
    child = syscall(SYS_clone3, &arguments, sizeof arguments);
  }
  if (child == 0) _exit(0);
  _exit(child > 0 && waitpid(static_cast<pid_t>(child), nullptr, 0) == child ? 0 : 1);
}
