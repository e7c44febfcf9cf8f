#include "bench/measure/instructions.h"

#if defined(__x86_64__) || defined(__i386__)

#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

namespace callgate::bench {
namespace {

constexpr greg_t trap_flag = 0x100;

volatile std::uint64_t steps;
volatile sig_atomic_t over;

// The first signal is sent, and sets the flag in the registers that the thread goes on with; each further one is the
// processor's, after one instruction.
void on_trap(int, siginfo_t* info, void* context) {
  greg_t& flags = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL];
  if (info->si_code == SI_TKILL) {
    flags |= trap_flag;
  } else if (over != 0) {
    flags &= ~trap_flag;
  } else {
    steps = steps + 1;
  }
}

// Has on_trap() as handler, and lets the signal through, while it lives.
class Stepping {
 public:
  Stepping() {
    struct sigaction action {};
    action.sa_sigaction = on_trap;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGTRAP, &action, &former_);
    sigset_t trap;
    sigemptyset(&trap);
    sigaddset(&trap, SIGTRAP);
    pthread_sigmask(SIG_UNBLOCK, &trap, &former_mask_);
  }
  Stepping(const Stepping&) = delete;
  Stepping& operator=(const Stepping&) = delete;
  ~Stepping() {
    pthread_sigmask(SIG_SETMASK, &former_mask_, nullptr);
    sigaction(SIGTRAP, &former_, nullptr);
  }

  // Not inlined, where the compiler could adapt the work to each call.
  [[gnu::noinline]] static std::uint64_t count(const std::function<void()>& work) {
    steps = 0;
    over = 0;
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGTRAP);
    work();
    over = 1;
    asm volatile("nop" : : : "memory");  // here at the latest the flag is taken away
    return steps;
  }

 private:
  struct sigaction former_ {};
  sigset_t former_mask_{};
};

// An emulator may not know the flag, or lose some of the traps. The same code is counted each time, and not for the
// first time: sanitizers add instructions of their own.
bool works() {
  std::uint32_t rounds = 1;
  const auto two_a_round = [&rounds] {
    std::uint32_t left = rounds;
    asm volatile("1:\n\tdec %0\n\tjnz 1b" : "+r"(left) : : "memory", "cc");
  };
  Stepping::count(two_a_round);
  const std::uint64_t once = Stepping::count(two_a_round);
  rounds = 51;
  return Stepping::count(two_a_round) == once + 100;
}

}  // namespace

std::optional<std::uint64_t> count_instructions(const std::function<void()>& work) {
  const Stepping stepping;
  if (!works()) return std::nullopt;
  return Stepping::count(work);
}

}  // namespace callgate::bench

#else

std::optional<std::uint64_t> callgate::bench::count_instructions(const std::function<void()>&) { return std::nullopt; }

#endif
