#include "oracles/machine/trials.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <optional>

#include "oracles/process/child.h"

namespace callgate::machine {
namespace {

constexpr std::chrono::seconds patience{10};  // for a trial
constexpr int works = 77;                     // a child's exit code: the thing was done
constexpr int is_emulated = 78;               // done, but not by the kernel
constexpr int failed = 100;                   // 100 + errno: refused with an error

[[noreturn]] void end_with_errno() { ::_exit(failed + errno); }

// How a child ended, or nothing if it did not end in time. A child that hangs inside the kernel cannot be killed: it is
// left behind, and waitpid() must not wait for it.
template <class Work>
std::optional<int> status_of(Work work) {
  const pid_t child = process::fork_child([&] {
    // A fuzzer's or a test's handlers would report what is only a trial.
    for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) ::signal(signal, SIG_DFL);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // dying is an answer: no core files
    work();
    return failed;
  });
  const std::optional<int> status = process::wait_for(child, patience);
  if (!status) ::kill(child, SIGKILL);
  return status;
}

template <class Work>
Trial attempt(Work work) {
  const std::optional<int> status = status_of(work);
  if (!status) return {false, "waited " + std::to_string(patience.count()) + " s for it"};
  if (!WIFEXITED(*status)) return {false, process::describe_end(*status)};
  const int code = WEXITSTATUS(*status);
  if (code == works) return {true, ""};
  if (code == is_emulated) return {false, "an emulator stands behind it"};
  if (code > failed) return {false, std::strerror(code - failed)};
  return {false, process::describe_end(*status)};
}

// Static, at 0x10000: prctl(PR_GET_SECCOMP), which user-mode emulators refuse, then exit with `works` or `is_emulated`.
constexpr std::uint8_t program_32[] = {
    0x7f, 'E',  'L',   'F',  1,    1,    1, 0,
    0,    0,    0,     0,    0,    0,    0, 0,  // ELF, 32 bits, little-endian
    2,    0,    3,     0,    1,    0,    0, 0,
    0x54, 0,    1,     0,    0x34, 0,    0, 0,  // an executable for i386, its entry, program headers at 0x34
    0,    0,    0,     0,    0,    0,    0, 0,
    0x34, 0,    0x20,  0,    1,    0,    0, 0,  // one of them, of 0x20 bytes
    0,    0,    0,     0,                       //
    1,    0,    0,     0,    0,    0,    0, 0,
    0,    0,    1,     0,    0,    0,    1, 0,  // load from 0 to 0x10000
    0x75, 0,    0,     0,    0x75, 0,    0, 0,
    5,    0,    0,     0,    0,    0x10, 0, 0,  // 0x75 bytes, to read and to execute
    0xb8, 0xac, 0,     0,    0,                 // mov eax, 172 (prctl)
    0xbb, 0x15, 0,     0,    0,                 // mov ebx, 21 (PR_GET_SECCOMP)
    0xcd, 0x80,                                 // int 0x80
    0xc1, 0xe8, 0x1f,                           // shr eax, 31: 1 if it was refused
    0x8d, 0x98, works, 0,    0,    0,           // lea ebx, [eax + works]
    0x90,                                       // nop
    0xb8, 1,    0,     0,    0,                 // mov eax, 1 (exit)
    0xcd, 0x80,                                 // int 0x80
    0x0f, 0x0b, 0x90,  0x90,                    // ud2
};
static_assert(sizeof program_32 == 0x75 && is_emulated == works + 1);

}  // namespace

Trial try_program_32(const std::string& emulator) {
  Trial trial = attempt([&] {
    const int file = ::memfd_create("callgate-32-bit-program", MFD_CLOEXEC);
    if (file < 0 || ::write(file, program_32, sizeof program_32) != ssize_t{sizeof program_32}) end_with_errno();
    char* environment[] = {nullptr};
    if (emulator.empty()) {
      char* arguments[] = {const_cast<char*>("callgate-32-bit-program"), nullptr};
      ::fexecve(file, arguments, environment);
    } else {
      const int kept = ::dup(file);  // without CLOEXEC: the emulator opens it again
      std::string path = "/proc/self/fd/" + std::to_string(kept);
      std::string program = emulator;
      char* arguments[] = {program.data(), path.data(), nullptr};
      ::execve(program.c_str(), arguments, environment);
    }
    end_with_errno();
  });
  // An emulator need not pass for a kernel.
  if (!emulator.empty() && !trial.works && trial.why == "an emulator stands behind it") return {true, ""};
  return trial;
}

Trial try_filters() {
  return attempt([] {
    sock_filter allow[] = {{0x06, 0, 0, SECCOMP_RET_ALLOW}};
    const sock_fprog program = {1, allow};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
      end_with_errno();
    }
    ::_exit(works);
  });
}

Trial try_socket_filters() {
  return attempt([] {
    sock_filter allow[] = {{0x06, 0, 0, 0xffff}};
    const sock_fprog program = {1, allow};
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0 ||
        ::setsockopt(ends[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
      end_with_errno();
    }
    ::_exit(works);
  });
}

Trial try_ptrace() {
  return attempt([] {
    const pid_t child = ::fork();  // its own: what fails in here has to end this process with its errno
    if (child < 0) end_with_errno();
    if (child == 0) {
      if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) end_with_errno();
      ::raise(SIGSTOP);
      ::_exit(works);
    }
    int status = 0;
    if (::waitpid(child, &status, WUNTRACED) != child) end_with_errno();
    if (WIFEXITED(status)) ::_exit(WEXITSTATUS(status));
    // Without a tracer the stop is one of job control, and PTRACE_CONT fails.
    if (::ptrace(PTRACE_CONT, child, nullptr, nullptr) != 0) {
      const int error = errno;
      ::kill(child, SIGKILL);
      ::_exit(failed + error);
    }
    if (::waitpid(child, &status, 0) != child) end_with_errno();
    ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : failed);
  });
}

#ifdef __x86_64__

Trial try_int80() {
  return attempt([] {
    long result = 20;  // getpid of i386
    asm volatile("int $0x80" : "+a"(result) : : "memory", "cc", "r8", "r9", "r10", "r11");
    ::_exit(static_cast<std::int32_t>(result) == ::getpid() ? works : failed);
  });
}

// The child jumps and does not come back: the 32-bit code jumps to 64-bit code, which ends the process.
//   0x23: the kernel's __USER32_CS; 0x33: its __USER_CS.
Trial try_segment_32() {
  return attempt([] {
    constexpr std::size_t page = 4096;
    auto* const code = static_cast<std::uint8_t*>(
        ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
    if (code == MAP_FAILED) end_with_errno();
    const auto address = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(code));
    constexpr std::uint32_t behind = 16;
    std::uint8_t there[] = {0xea, 0, 0, 0, 0, 0x33, 0};  // ljmp 0x33:behind, which only 32-bit code has
    const std::uint32_t back = address + behind;
    std::memcpy(there + 1, &back, sizeof back);
    // mov edi, works; mov eax, 60 (exit); syscall
    constexpr std::uint8_t end[] = {0xbf, works, 0, 0, 0, 0xb8, 60, 0, 0, 0, 0x0f, 0x05};
    std::copy(std::begin(there), std::end(there), code);
    std::copy(std::begin(end), std::end(end), code + behind);
    if (::mprotect(code, page, PROT_READ | PROT_EXEC) != 0) end_with_errno();
    const struct [[gnu::packed]] {
      std::uint32_t offset;
      std::uint16_t segment;
    } target = {address, 0x23};
    asm volatile("ljmp *%0" : : "m"(target) : "memory");
  });
}

#else

// What a 64-bit process may be able to do says nothing of this one.
Trial try_int80() { return {false, "this is no x86_64 process"}; }
Trial try_segment_32() { return {false, "this is no x86_64 process"}; }

#endif

}  // namespace callgate::machine
