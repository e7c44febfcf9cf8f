// Names, with the values taken from the kernel's headers.
#include "bpf/names.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace callgate::bpf {
namespace {

TEST(Names, results) {
  const std::pair<std::uint32_t, const char*> cases[] = {
      {SECCOMP_RET_ALLOW, "ALLOW"},
      {SECCOMP_RET_ALLOW | 1, "ALLOW(1)"},
      {SECCOMP_RET_LOG, "LOG"},
      {SECCOMP_RET_TRACE, "TRACE"},
      {SECCOMP_RET_TRACE | 5, "TRACE(5)"},
      {SECCOMP_RET_USER_NOTIF, "USER_NOTIF"},
      {SECCOMP_RET_ERRNO, "ERRNO(0)"},
      {SECCOMP_RET_ERRNO | 13, "ERRNO(13)"},
      {SECCOMP_RET_ERRNO | 0xffff, "ERRNO(65535)"},
      {SECCOMP_RET_TRAP, "TRAP"},
      {SECCOMP_RET_TRAP | 7, "TRAP(7)"},
      {SECCOMP_RET_KILL_THREAD, "KILL_THREAD"},
      {SECCOMP_RET_KILL_THREAD | 1, "KILL_THREAD(1)"},
      {SECCOMP_RET_KILL_PROCESS, "KILL_PROCESS"},
      {0x12340000, "UNKNOWN(0x12340000)"},
      {0x00010002, "UNKNOWN(0x10002)"},
      {0xffffffff, "UNKNOWN(0xffffffff)"},
  };
  for (const auto& [result, name] : cases) EXPECT_EQ(result_name(result), name);
  EXPECT_EQ(action_name(SECCOMP_RET_ERRNO | 13), "ERRNO");
  EXPECT_EQ(action_name(0x12345678), "UNKNOWN");
}

TEST(Names, actions_are_found_by_name) {
  EXPECT_EQ(action_from_name("TRAP"), SECCOMP_RET_TRAP);
  EXPECT_EQ(action_from_name("UNKNOWN"), std::nullopt);
  EXPECT_EQ(action_from_name("trap"), std::nullopt);
}

TEST(Names, errors) {
  for (std::uint32_t number = 1; number < 5000; ++number) {
    const char* const name = strerrorname_np(static_cast<int>(number));
    EXPECT_EQ(errno_name(number), name == nullptr ? "" : name);
    if (name != nullptr) {
      EXPECT_EQ(errno_from_name(name), number);
    }
  }
  EXPECT_EQ(errno_from_name("EWOULDBLOCK"), EWOULDBLOCK);
  EXPECT_EQ(errno_from_name("EDEADLOCK"), EDEADLOCK);
  EXPECT_EQ(errno_from_name("ENOTSUP"), ENOTSUP);
  EXPECT_EQ(errno_from_name("eperm"), std::nullopt);
}

TEST(Names, fields) {
  EXPECT_EQ(field_name(offsetof(seccomp_data, nr)), "nr");
  EXPECT_EQ(field_name(offsetof(seccomp_data, arch)), "arch");
  const std::uint32_t low = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4;
  EXPECT_EQ(field_name(offsetof(seccomp_data, instruction_pointer) + low), "ip.lo");
  EXPECT_EQ(field_name(offsetof(seccomp_data, instruction_pointer) + 4 - low), "ip.hi");
  for (std::uint32_t i = 0; i < 6; ++i) {
    const std::uint32_t offset = static_cast<std::uint32_t>(offsetof(seccomp_data, args)) + 8 * i;
    EXPECT_EQ(field_name(offset + low), "args[" + std::to_string(i) + "].lo");
    EXPECT_EQ(field_name(offset + 4 - low), "args[" + std::to_string(i) + "].hi");
  }
  for (std::uint32_t offset = 0; offset < sizeof(seccomp_data); offset += 4) {
    EXPECT_EQ(field_from_name(field_name(offset)), offset);
  }
  EXPECT_EQ(field_from_name("args[6].lo"), std::nullopt);
}

TEST(Names, arches) {
  const std::pair<std::uint32_t, const char*> cases[] = {
      {AUDIT_ARCH_X86_64, "x86_64"},
      {AUDIT_ARCH_I386, "i386"},
      {AUDIT_ARCH_AARCH64, "aarch64"},
      {AUDIT_ARCH_ARM, "arm"},
      {AUDIT_ARCH_ARMEB, "armeb"},
      {AUDIT_ARCH_M68K, "m68k"},
      {AUDIT_ARCH_MIPS, "mips"},
      {AUDIT_ARCH_MIPSEL, "mipsel"},
      {AUDIT_ARCH_MIPS64, "mips64"},
      {AUDIT_ARCH_MIPS64N32, "mips64n32"},
      {AUDIT_ARCH_MIPSEL64, "mipsel64"},
      {AUDIT_ARCH_MIPSEL64N32, "mipsel64n32"},
      {AUDIT_ARCH_PARISC, "parisc"},
      {AUDIT_ARCH_PARISC64, "parisc64"},
      {AUDIT_ARCH_PPC, "ppc"},
      {AUDIT_ARCH_PPC64, "ppc64"},
      {AUDIT_ARCH_PPC64LE, "ppc64le"},
      {AUDIT_ARCH_RISCV32, "riscv32"},
      {AUDIT_ARCH_RISCV64, "riscv64"},
      {AUDIT_ARCH_S390, "s390"},
      {AUDIT_ARCH_S390X, "s390x"},
      {AUDIT_ARCH_SH, "sh"},
      {AUDIT_ARCH_SHEL, "shel"},
      {AUDIT_ARCH_SPARC, "sparc"},
      {AUDIT_ARCH_SPARC64, "sparc64"},
      {AUDIT_ARCH_LOONGARCH32, "loongarch32"},
      {AUDIT_ARCH_LOONGARCH64, "loongarch64"},
  };
  for (const auto& [arch, name] : cases) {
    EXPECT_EQ(arch_name(arch), name);
    EXPECT_EQ(arch_from_name(name), arch);
  }
  EXPECT_EQ(arch_name(0), "");
  EXPECT_EQ(arch_from_name(""), std::nullopt);
  EXPECT_EQ(arch_from_name("X86_64"), std::nullopt);
}

}  // namespace
}  // namespace callgate::bpf
