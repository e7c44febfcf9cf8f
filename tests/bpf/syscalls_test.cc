#include "bpf/syscalls.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "bpf/kernel.h"
#include "bpf/nearest.h"
#include "callgate/insn.hpp"

namespace callgate::bpf {
namespace {

using arch::x32_bit;
constexpr std::uint32_t aarch64 = 0xc00000b7;

TEST(Syscalls, NumbersOfEachArchitecture) {
  EXPECT_EQ(syscall_number("read", arch::x86_64), 0u);
  EXPECT_EQ(syscall_number("read", arch::x86_64, true), x32_bit);
  EXPECT_EQ(syscall_number("read", arch::x86_32), 3u);
  EXPECT_EQ(syscall_number("readv", arch::x86_64), 19u);
  EXPECT_EQ(syscall_number("readv", arch::x86_64, true), x32_bit | 515);
  EXPECT_EQ(syscall_number("socketcall", arch::x86_64), std::nullopt);
  EXPECT_EQ(syscall_number("socketcall", arch::x86_32), 102u);
  EXPECT_EQ(syscall_number("accept", arch::x86_32), std::nullopt) << "only by way of socketcall";
  EXPECT_EQ(syscall_number("read", aarch64), std::nullopt);
  EXPECT_EQ(syscall_number("no_such_call", arch::x86_64), std::nullopt);
  EXPECT_EQ(syscall_number("", arch::x86_64), std::nullopt);
}

TEST(Syscalls, CallsThatAreNewerThanLibseccompOfDebian12) {
  for (const std::uint32_t arch : {arch::x86_64, arch::x86_32}) {
    EXPECT_EQ(syscall_number("cachestat", arch), 451u);
    EXPECT_EQ(syscall_number("mseal", arch), 462u);
    EXPECT_EQ(syscall_number("file_setattr", arch), 469u);
    EXPECT_EQ(syscall_number("listns", arch), 470u);
  }
  EXPECT_EQ(syscall_number("map_shadow_stack", arch::x86_64), 453u);
  EXPECT_EQ(syscall_number("map_shadow_stack", arch::x86_64, true), std::nullopt);
  EXPECT_EQ(syscall_number("uretprobe", arch::x86_64), 335u);
  EXPECT_EQ(syscall_number("uretprobe", arch::x86_64, true), x32_bit | 335);
  EXPECT_EQ(syscall_number("uretprobe", arch::x86_32), std::nullopt);
}

TEST(Syscalls, NamesOfNumbers) {
  EXPECT_EQ(syscall_name(0, arch::x86_64), "read");
  EXPECT_EQ(syscall_name(0, arch::x86_32), "restart_syscall");
  EXPECT_EQ(syscall_name(x32_bit | 512, arch::x86_64), "rt_sigaction");
  EXPECT_EQ(syscall_name(512, arch::x86_64), "") << "x32's numbers without its bit";
  EXPECT_EQ(syscall_name(13, arch::x86_64), "rt_sigaction");
  EXPECT_EQ(syscall_name(x32_bit | 13, arch::x86_64), "");
  EXPECT_EQ(syscall_name(x32_bit | 3, arch::x86_32), "");
  EXPECT_EQ(syscall_name(0xffffffff, arch::x86_64), "");
  EXPECT_EQ(syscall_name(0xffffffff, arch::x86_32), "");
  EXPECT_EQ(syscall_name(65535, arch::x86_64), "") << "16 bits that are -1";
  EXPECT_EQ(syscall_name(0, aarch64), "");
}

TEST(Syscalls, EveryNumberHasOneName) {
  for (const bool x32 : {false, true}) {
    for (const std::uint32_t arch : {arch::x86_64, arch::x86_32}) {
      if (x32 && arch == arch::x86_32) continue;
      std::uint32_t found = 0;
      for (std::uint32_t nr = 0; nr < 1000; ++nr) {
        const std::uint32_t full = nr | (x32 ? x32_bit : 0);
        const std::string_view name = syscall_name(full, arch);
        if (name.empty()) continue;
        ++found;
        EXPECT_EQ(syscall_number(name, arch, x32), full) << name;
        EXPECT_TRUE(is_syscall_name(name));
      }
      EXPECT_GT(found, 350u);
    }
  }
}

// The headers that this test is compiled with are those of some kernel, and numbers never change.
TEST(Syscalls, AgreeWithTheHeadersOfThisMachine) {
#if defined(__x86_64__) && !defined(__ILP32__)
  const std::uint32_t arch = arch::x86_64;
#else
  const std::uint32_t arch = arch::x86_32;
#endif
#define CALLGATE_SAME(name) EXPECT_EQ(syscall_number(#name, arch), static_cast<std::uint32_t>(SYS_##name))
  CALLGATE_SAME(openat);
  CALLGATE_SAME(ptrace);
  CALLGATE_SAME(clone3);
  CALLGATE_SAME(seccomp);
  CALLGATE_SAME(statx);
#undef CALLGATE_SAME
  const std::string folder = "/usr/include/x86_64-linux-gnu/asm/";
  std::ifstream header(folder + (arch == arch::x86_64 ? "unistd_64.h" : "unistd_32.h"));
  if (!header) GTEST_SKIP() << "needs " << folder << " (linux-libc-dev)";
  std::uint32_t found = 0;
  for (std::string line; std::getline(header, line);) {
    char name[64];
    unsigned number = 0;
    if (std::sscanf(line.c_str(), "#define __NR_%63s %u", name, &number) != 2) continue;
    ++found;
    EXPECT_EQ(syscall_number(name, arch), number) << name;
  }
  EXPECT_GT(found, 300u);
}

TEST(Syscalls, NamesOfOtherArchitecturesAreNames) {
  EXPECT_TRUE(is_syscall_name("riscv_hwprobe"));
  EXPECT_EQ(syscall_number("riscv_hwprobe", arch::x86_64), std::nullopt);
  EXPECT_FALSE(is_syscall_name("no_such_call"));
  EXPECT_FALSE(is_syscall_name(std::string_view("read\0", 5)));
}

TEST(Syscalls, TheNearestNameIsOffered) {
  EXPECT_EQ(nearest_syscall_name("opnat"), "openat");
  EXPECT_EQ(nearest_syscall_name("raed"), "read");
  EXPECT_EQ(nearest_syscall_name("OPENAT"), "openat");
  EXPECT_EQ(nearest_syscall_name("no_such_call_at_all"), "");
  EXPECT_EQ(nearest_syscall_name(std::string(1'000'000, 'x')), "");
  EXPECT_EQ(nearest_syscall_name(""), "");
}

TEST(Nearest, CountsChanges) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "ab"), 2u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("ab", "ba"), 1u) << "neighbours exchanged";
  EXPECT_EQ(edit_distance("abc", "ABC"), 0u);
  constexpr std::string_view keys[] = {"names", "args"};
  EXPECT_EQ(nearest("arg", keys), "args");
  EXPECT_EQ(nearest("xyz", keys), "");
}

TEST(Kernel, CallsOfUprobesPassTheFiltersOfNewKernels) {
  constexpr std::uint32_t uretprobe = 335, uprobe = 336;
  EXPECT_TRUE(is_filtered(uretprobe, arch::x86_64, {6, 13}));
  EXPECT_FALSE(is_filtered(uretprobe, arch::x86_64, {6, 14}));
  EXPECT_TRUE(is_filtered(uprobe, arch::x86_64, {6, 17}));
  EXPECT_FALSE(is_filtered(uprobe, arch::x86_64, {6, 18}));
  EXPECT_FALSE(is_filtered(uprobe, arch::x86_64, {7, 0}));
  EXPECT_TRUE(is_filtered(uretprobe, arch::x86_32, {7, 0})) << "another call of i386";
  EXPECT_TRUE(is_filtered(uretprobe | x32_bit, arch::x86_64, {7, 0}));
  EXPECT_TRUE(is_filtered(334, arch::x86_64, {7, 0}));
}

}  // namespace
}  // namespace callgate::bpf
