// A supervisor by ptrace: each call of a child is decided by a chain, in the frame that the kernel fills. For x86_64;
// ends with 77 where nothing can be traced. One child without threads, for brevity: others need PTRACE_O_TRACECLONE and
// its like.
#include <callgate/callgate.hpp>
#include <cstdio>

#if defined(__x86_64__) && !defined(__ILP32__)

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>

using namespace callgate;

namespace {

// ERRNO(13) for chdir().
const Insn policy[] = {
    {0x20, 0, 0, 0}, {0x15, 0, 1, SYS_chdir}, {0x06, 0, 0, action::errno_ | 13}, {0x06, 0, 0, action::allow}};

int child() {
  if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) return 77;
  raise(SIGSTOP);
  const int result = chdir("/");
  return result == -1 && errno == 13 ? 0 : 1;
}

void set_register(pid_t pid, std::size_t offset, long long value) { ptrace(PTRACE_POKEUSER, pid, offset, value); }

// Lets the child go on to the next stop. False when it has ended.
bool next_stop(pid_t pid, int signal, int& status) {
  return ptrace(PTRACE_SYSCALL, pid, nullptr, signal) == 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status);
}

// The call that the child is about to make is not made, and returns the error.
bool refuse(pid_t pid, std::uint32_t error, int& status) {
  set_register(pid, offsetof(user_regs_struct, orig_rax), -1);
  if (!next_stop(pid, 0, status)) return false;
  set_register(pid, offsetof(user_regs_struct, rax), -static_cast<long long>(error));
  return true;
}

int supervise(pid_t pid, const Chain& chain) {
  int status = 0;
  if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) return 77;
  ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  int signal = 0;
  while (next_stop(pid, signal, status)) {
    const bool is_call = WSTOPSIG(status) == (SIGTRAP | 0x80);
    signal = is_call ? 0 : WSTOPSIG(status);
    __ptrace_syscall_info info{};
    if (!is_call || ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0) continue;
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) continue;
    const std::uint32_t decision = effective(chain.evaluate_frame(&info));
    if (decision == action::allow) continue;
    std::printf("call %llu: %s\n", static_cast<unsigned long long>(info.entry.nr), result_to_string(decision).c_str());
    if (action_of(decision) != action::errno_) kill(pid, SIGKILL);
    if (!refuse(pid, data_of(decision), status)) break;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

int main() {
  const auto root = Chain::create({.layout = InputLayout::ptrace_syscall_info()});
  const auto filter = verify(policy);
  const auto chain = root && filter ? root->attach(*filter) : root;
  if (!filter || !chain) return 1;
  const pid_t pid = fork();
  if (pid == 0) _exit(child());
  const int end = supervise(pid, *chain);
  if (end == 0) std::printf("the child was refused\n");
  return end;
}

#else

int main() { return 77; }

#endif
