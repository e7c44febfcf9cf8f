// Child processes: made, awaited, described. For oracles, tools and tests; who talks with a child has pipes of its own.
#pragma once

#include <spawn.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace callgate::process {

// The exit code of a forked child whose work threw; it told on standard error what.
inline constexpr int could_not_work = 70;

// Forks. The child runs `work` and ends with the exit code that it returns, by _exit(): no destructors, no flushed
// streams; after `work` it makes no other system call. Throws std::system_error if no child can be made.
pid_t fork_child(const std::function<int()>& work);

// Waits for a child to end. Returns the status, as waitpid() has it. Throws std::system_error if there is no such
// child.
int wait_for(pid_t child);

// The same, but for no longer than `patience`; nothing if the child has not ended by then. One that hangs inside the
// kernel cannot even be killed: whoever waits for such a child has to be able to leave it behind.
std::optional<int> wait_for(pid_t child, std::chrono::milliseconds patience);

// Kills a child and waits for its end. Returns the status; one that had ended by itself keeps its own. 0 if there is no
// such child.
int kill_and_wait(pid_t child) noexcept;

// fork_child() and wait_for().
int run(const std::function<int()>& work);

// Runs `work`, which may crash or hang, in a forked child. Empty if it returned; else how the child ended, as
// describe_end() says it. What `work` changes is lost, except in shared memory. Throws std::system_error if no child
// can be made, std::runtime_error if `work` throws.
std::string isolated(const std::function<void()>& work, unsigned seconds = 10);

// Throws std::runtime_error if the status is that of a child that could not work.
void check_worked(int status);

// Descriptors of a program to start, in the order of the calls. The program has those of this process that are not
// CLOEXEC.
class Descriptors {
 public:
  Descriptors();
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;
  ~Descriptors();

  void place(int from, int to);  // `to` is a copy of `from`
  void open(int fd, const std::string& path, int flags, mode_t mode = 0);
  void close(int fd);  // need not be open

  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

// Starts the program words[0], looked for in PATH if it has no slash, with the environment of this process. Throws
// std::system_error.
pid_t spawn(std::vector<std::string> words, const Descriptors& descriptors = {});

// From a status of waitpid(): the exit code, or 128 + the signal that killed it, as shells say it.
int exit_code(int status);

// How a process ended; empty for exit code 0: "killed by SIGSEGV", "hung" (SIGALRM), "ended with exit code 3".
std::string describe_end(int status);

}  // namespace callgate::process
