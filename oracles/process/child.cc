#include "oracles/process/child.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <system_error>

extern char** environ;

namespace callgate::process {
namespace {

[[noreturn]] void end_with(const std::function<int()>& work) {
  int code = could_not_work;
  try {
    code = work();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "callgate: %s\n", error.what());
  }
  ::_exit(code);
}

// waitpid() without interruptions: nothing if the child has not ended (WNOHANG).
std::optional<int> ended(pid_t child, int options) {
  int status = 0;
  pid_t result = 0;
  do result = ::waitpid(child, &status, options);
  while (result < 0 && errno == EINTR);
  if (result < 0) throw std::system_error(errno, std::generic_category(), "waitpid");
  return result == child ? std::optional(status) : std::nullopt;
}

}  // namespace

pid_t fork_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) end_with(work);
  return child;
}

int wait_for(pid_t child) { return *ended(child, 0); }

std::optional<int> wait_for(pid_t child, std::chrono::milliseconds patience) {
  auto status = ended(child, WNOHANG);
  for (auto left = patience; !status && left.count() > 0; --left) {
    constexpr timespec millisecond{0, 1'000'000};
    ::nanosleep(&millisecond, nullptr);
    status = ended(child, WNOHANG);
  }
  return status;
}

int kill_and_wait(pid_t child) noexcept {
  ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

int run(const std::function<int()>& work) { return wait_for(fork_child(work)); }

std::string isolated(const std::function<void()>& work, unsigned seconds) {
  const int status = run([&] {
    ::alarm(seconds);
    work();
    return 0;
  });
  check_worked(status);
  return describe_end(status);
}

void check_worked(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == could_not_work) {
    throw std::runtime_error(
        "a child process could not work (its message is above); nothing can be said of the engines");
  }
}

Descriptors::Descriptors() { posix_spawn_file_actions_init(&actions_); }
Descriptors::~Descriptors() { posix_spawn_file_actions_destroy(&actions_); }

void Descriptors::place(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, from, to); }

void Descriptors::open(int fd, const std::string& path, int flags, mode_t mode) {
  posix_spawn_file_actions_addopen(&actions_, fd, path.c_str(), flags, mode);
}

void Descriptors::close(int fd) {
  open(fd, "/dev/null", O_RDONLY);  // so that closing finds something to close
  posix_spawn_file_actions_addclose(&actions_, fd);
}

pid_t spawn(std::vector<std::string> words, const Descriptors& descriptors) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, arguments[0], descriptors.get(), nullptr, arguments.data(), environ);
  if (error != 0) throw std::system_error(error, std::generic_category(), words[0]);
  return child;
}

int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) {
    if (WTERMSIG(status) == SIGALRM) return "hung";
    const char* const abbreviation = ::sigabbrev_np(WTERMSIG(status));
    return std::string("killed by SIG") + (abbreviation != nullptr ? abbreviation : "?");
  }
  const int code = WEXITSTATUS(status);
  return code == 0 ? "" : "ended with exit code " + std::to_string(code);
}

}  // namespace callgate::process
