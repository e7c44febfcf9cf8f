// Calls that a hardened service has no business making, for the demo to record: each is made so that it changes
// nothing on the machine, not even for root, whether or not it succeeds.
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ctime>
#include <initializer_list>

namespace {

constexpr long nowhere = -1;  // no descriptor, no clock, no address

void call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  static_cast<void>(syscall(number, a, b, c, d, e, f));
}

void change_the_clock() {
  const timespec invalid{0, -1};  // refused with EINVAL
  call(SYS_clock_settime, CLOCK_REALTIME, reinterpret_cast<long>(&invalid));
  call(SYS_settimeofday, nowhere, 0);
}

void open_odd_sockets() {
  constexpr long no_such_type = 15;  // refused before the kernel loads a module for the family
  for (const int family : {AF_PACKET, AF_VSOCK, AF_ALG, AF_BLUETOOTH}) call(SYS_socket, family, no_such_type);
}

void map_writable_code() {
  constexpr std::size_t size = 4096;
  void* page = mmap(nullptr, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page != MAP_FAILED) munmap(page, size);
  page = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return;
  mprotect(page, size, PROT_READ | PROT_EXEC);
  munmap(page, size);
}

void gain_privileges() {
  static const char missing[] = "/nonexistent/file";
  call(SYS_chmod, reinterpret_cast<long>(missing), S_ISUID | 0755);
  call(SYS_unshare, CLONE_NEWUTS);  // of this short-lived process only
  call(SYS_setns, nowhere, CLONE_NEWNET);
  call(SYS_personality, 0x0008);  // PER_LINUX32: of this process only
}

void touch_the_kernel() {
  call(SYS_finit_module, nowhere, nowhere, 0);
  call(SYS_delete_module, nowhere, 0);
  call(SYS_sethostname, nowhere, nowhere);  // refused with EINVAL
  call(SYS_syslog, 10);                     // asks for the size of the log
  call(SYS_swapoff, nowhere);
  call(SYS_bpf, nowhere);
  call(SYS_sched_setscheduler, 0, SCHED_FIFO, nowhere);
}

// Calls through the other doors of an x86_64 kernel: getpid as x32 and as i386. A kernel without the latter sends
// SIGSEGV, so a child tries.
void use_other_modes() {
#if defined(__x86_64__)
  call(0x40000000 + SYS_getpid);
  const pid_t child = fork();  // by hand: this program links nothing
  if (child == 0) {
    long result = 20;
    asm volatile("int $0x80" : "+a"(result) : : "r8", "r9", "r10", "r11", "memory");
    _exit(0);
  }
  if (child > 0) waitpid(child, nullptr, 0);
#endif
}

}  // namespace

int main() {
  change_the_clock();
  open_odd_sockets();
  map_writable_code();
  gain_privileges();
  touch_the_kernel();
  use_other_modes();
}
