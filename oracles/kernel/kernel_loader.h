// seccomp(2) and prctl(2), thin. Those that load are used by the probe only: every caller is a child made for it.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <ctime>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "callgate/insn.hpp"

namespace callgate::kernel {

// 0 or an errno value.
inline int seccomp(unsigned operation, unsigned flags, const void* argument) noexcept {
  return syscall(SYS_seccomp, operation, flags, argument) < 0 ? errno : 0;
}

inline int load(const Insn* filter, std::uint32_t length, unsigned flags = 0) noexcept {
  sock_fprog header{};
  header.len = static_cast<unsigned short>(length);
  header.filter = reinterpret_cast<sock_filter*>(const_cast<Insn*>(filter));
  return seccomp(SECCOMP_SET_MODE_FILTER, flags, &header);
}

inline int set_no_new_privs() noexcept { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? errno : 0; }

// Gives the kernel time to free filters. It compiles every filter that it accepts, and frees it later, on its own
// threads, one at a time. Whoever loads faster than it frees fills a queue of 1,024 on each processor, and a full queue
// can lock up all loading of BPF on the machine (seen on 6.18: the queue waits for a mutex whose holder waits for a
// place in the queue).
class Pace {
 public:
  // To be called after every filter that was accepted.
  void accepted() noexcept {
    if (++since_pause_ < filters_between_pauses) return;
    since_pause_ = 0;
    const std::int64_t took = now() - last_;
    pause(took < busy ? 2'000'000 : 100'000'000);
    last_ = now();
  }

 private:
  static constexpr std::uint32_t filters_between_pauses = 64;
  static constexpr std::int64_t busy = filters_between_pauses * std::int64_t{300'000};  // ns

  static std::int64_t now() noexcept {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  }
  static void pause(long nanoseconds) noexcept {
    const timespec time{0, nanoseconds};
    nanosleep(&time, nullptr);
  }

  std::uint32_t since_pause_ = 0;
  std::int64_t last_ = now();
};

inline constexpr Insn allow_all[] = {{0x06, 0, 0, SECCOMP_RET_ALLOW}};

}  // namespace callgate::kernel
