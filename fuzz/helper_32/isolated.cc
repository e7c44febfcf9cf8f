#include "fuzz/helper_32/isolated.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

namespace callgate::fuzz {

std::string isolated(const std::function<void()>& work, unsigned seconds) {
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) {
    ::alarm(seconds);
    work();
    ::_exit(0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
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

}  // namespace callgate::fuzz
