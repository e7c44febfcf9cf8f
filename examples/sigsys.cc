// A handler of SIGSYS that decides by a chain: the kernel traps one call, and the chain says what becomes of it.
// Interposers do the same for every call, by syscall user dispatch. For x86_64; ends with 77 where no filter can be
// loaded.
#include <callgate/callgate.hpp>
#include <cstdio>

#if defined(__x86_64__) && !defined(__ILP32__)

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

using namespace callgate;

namespace {

// ERRNO(42) for getppid() with a first argument of 1; else ALLOW.
const Insn policy[] = {{0x20, 0, 0, 0}, {0x15, 0, 3, SYS_getppid},         {0x20, 0, 0, 16},
                       {0x15, 0, 1, 1}, {0x06, 0, 0, action::errno_ | 42}, {0x06, 0, 0, action::allow}};

// What handlers use must be there before they can run, and stay.
const ChainSlot* slot = nullptr;

void on_sigsys(int, siginfo_t* info, void* context) {
  const auto call = call_of_sigsys(info, context);
  if (!call) _exit(1);  // no call raised the signal
  auto& result = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RAX];
  const std::uint32_t decision = effective(slot->evaluate(*call));
  switch (action_of(decision)) {
    case action::allow: result = 4711; break;  // here an interposer makes the call
    case action::errno_: result = -static_cast<greg_t>(data_of(decision)); break;
    default: _exit(1);
  }
}

// The kernel's part: TRAP for getppid().
bool trap_getppid() {
  sock_filter trap[] = {
      {0x20, 0, 0, 0}, {0x15, 0, 1, SYS_getppid}, {0x06, 0, 0, SECCOMP_RET_TRAP}, {0x06, 0, 0, SECCOMP_RET_ALLOW}};
  const sock_fprog program{4, trap};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

void show(long argument) {
  const long result = syscall(SYS_getppid, argument);
  std::printf("getppid(%ld): %ld, errno %d\n", argument, result, result < 0 ? errno : 0);
}

}  // namespace

int main() {
  const auto root = Chain::create();
  const auto filter = verify(policy);
  if (!root || !filter) return 1;
  static ChainSlot deciding(*root);
  if (deciding.attach(*filter)) return 1;
  slot = &deciding;

  struct sigaction handler {};
  handler.sa_sigaction = on_sigsys;
  handler.sa_flags = SA_SIGINFO;
  sigaction(SIGSYS, &handler, nullptr);
  if (!trap_getppid()) return 77;
  show(0);
  show(1);
}

#else

int main() { return 77; }

#endif
