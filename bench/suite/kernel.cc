// kernel/…: nanoseconds of getppid(2), the cheapest system call, in a process that has
//   no filter       none at all
//   bitmap hit      the container profile, which allows getppid whatever its arguments: the kernel looks it up in a
//                   bitmap
//   filter run      the same with a test of an argument in front, so that the kernel must run the filter
//   N filters run   that many of the latter
// The kernel charges this to every system call of a sandboxed process; callgate's figures are what an evaluation
// outside the kernel costs, on top of whatever brought the call there.
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstring>

#include "bench/suite/suite.h"
#include "callgate/action.hpp"
#include "oracles/process/child.h"

namespace callgate::bench {
namespace {

constexpr int calls = 2000;

// If argument 5 is 1 the call fails; then the program as it is. So no number alone decides.
std::vector<Insn> looking_at_an_argument(std::span<const Insn> program) {
  std::vector<Insn> insns = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, 16 + 8 * 5},
                             {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 1},
                             {BPF_RET | BPF_K, 0, 0, action::errno_ | 1}};
  insns.insert(insns.end(), program.begin(), program.end());
  return insns;
}

bool install(std::span<const Insn> insns) {
  const sock_fprog program{static_cast<unsigned short>(insns.size()),
                           reinterpret_cast<sock_filter*>(const_cast<Insn*>(insns.data()))};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

double nanoseconds_per_call() {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < calls; ++i) syscall(SYS_getppid, 0, 0, 0, 0, 0, 0);
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / calls;
}

// A kernel that has loaded and freed very many filters may make the next one wait for minutes.
bool answers(int fd) {
  constexpr int patience = 10'000;  // milliseconds
  pollfd wait{fd, POLLIN, 0};
  return poll(&wait, 1, patience) == 1;
}

// In a child, because a filter never goes away: the time comes back through a pipe. Negative if the kernel refuses.
double in_a_child(std::span<const Insn> filter, std::size_t times) {
  int ends[2];
  if (pipe(ends) != 0) return -1;
  const pid_t child = process::fork_child([&] {
    double time = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : -1;
    for (std::size_t i = 0; i < times && time >= 0; ++i) {
      if (!install(filter)) time = -1;
    }
    for (int chunk = 0; chunk < 5 && time >= 0; ++chunk) {  // the fastest was disturbed least
      const double one = nanoseconds_per_call();
      time = chunk == 0 ? one : std::min(time, one);
    }
    return write(ends[1], &time, sizeof time) == sizeof time ? 0 : 1;
  });
  close(ends[1]);
  double time = -1;
  if (!answers(ends[0]) || read(ends[0], &time, sizeof time) != sizeof time) time = -1;
  close(ends[0]);
  kill(child, SIGKILL);
  static_cast<void>(
      process::wait_for(child, std::chrono::milliseconds(100)));  // one that is stuck in the kernel would never come
  return time;
}

void getppid_under(benchmark::State& state, const std::vector<Insn>& filter, std::size_t times) {
  while (state.KeepRunningBatch(calls)) {
    const double time = in_a_child(filter, times);
    if (time < 0) {
      state.SkipWithError("absent: the kernel refuses filters, or does not answer");
      break;
    }
    state.SetIterationTime(time * 1e-9 * calls);
  }
}

}  // namespace

void add_kernel(const Suite& suite) {
  const auto add = [](const std::string& name, const std::vector<Insn>& filter, std::size_t times) {
    const auto run = [=](benchmark::State& state) { getppid_under(state, filter, times); };
    benchmark::RegisterBenchmark(("kernel/" + name).c_str(), run)->UseManualTime()->Iterations(calls * 5);
  };
  const std::span<const Insn> profile = suite.workload("container").filters.front().program.instructions();
  const std::vector<Insn> plain(profile.begin(), profile.end());
  const std::vector<Insn> looking = looking_at_an_argument(profile);
  add("no filter", {}, 0);
  add("bitmap hit", plain, 1);
  add("filter run", looking, 1);
  for (const std::size_t times : {std::size_t{4}, std::size_t{13}})
    add(fmt::format("{} filters run", times), looking, times);
}

}  // namespace callgate::bench
