// seccomp(2) and prctl(2), thin. Used by the probe only: every caller is a child made for it.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstdint>

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

inline constexpr Insn allow_all[] = {{0x06, 0, 0, SECCOMP_RET_ALLOW}};

}  // namespace callgate::kernel
