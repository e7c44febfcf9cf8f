#include "oracles/machine/isolated.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace callgate::oracles {

void end_with(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "callgate: %s\n", error.what());
    ::_exit(could_not_work);
  }
  ::_exit(0);
}

void check_worked(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == could_not_work) {
    throw std::runtime_error("a child process could not work (its message is above); nothing can be said of the engines");
  }
}

std::string isolated(const std::function<void()>& work, unsigned seconds) {
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) {
    ::alarm(seconds);
    end_with(work);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  check_worked(status);
  return describe_end(status);
}

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) {
    if (WTERMSIG(status) == SIGALRM) return "hung";
    const char* const abbreviation = ::sigabbrev_np(WTERMSIG(status));
    return std::string("killed by SIG") + (abbreviation != nullptr ? abbreviation : "?");
  }
  const int code = WEXITSTATUS(status);
  return code == 0 ? "" : "ended with exit code " + std::to_string(code);
}

}  // namespace callgate::oracles
