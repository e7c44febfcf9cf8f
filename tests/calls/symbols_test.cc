// The table of constants, against the headers of this machine.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "calls/symbols.h"

namespace callgate::test {
namespace {

struct Known {
  const char* name;
  std::int64_t value;
};
#define KNOWN(name) \
  { #name, static_cast < std::int64_t>(name) }

TEST(Symbols, AreThoseOfTheHeaders) {
  const Known known[] = {
      KNOWN(AT_FDCWD),
      KNOWN(O_RDONLY),
      KNOWN(O_RDWR),
      KNOWN(O_CREAT),
      KNOWN(O_EXCL),
      KNOWN(O_TRUNC),
      KNOWN(O_APPEND),
      KNOWN(O_NONBLOCK),
      KNOWN(O_CLOEXEC),
      KNOWN(O_DIRECTORY),
      KNOWN(F_SETFD),
      KNOWN(F_DUPFD_CLOEXEC),
      KNOWN(PROT_READ),
      KNOWN(PROT_WRITE),
      KNOWN(PROT_EXEC),
      KNOWN(MAP_PRIVATE),
      KNOWN(MAP_ANONYMOUS),
      KNOWN(MAP_FIXED),
      KNOWN(MAP_STACK),
      KNOWN(MADV_DONTNEED),
      KNOWN(AF_UNIX),
      KNOWN(AF_INET),
      KNOWN(AF_INET6),
      KNOWN(AF_NETLINK),
      KNOWN(AF_PACKET),
      KNOWN(AF_VSOCK),
      KNOWN(AF_ALG),
      KNOWN(SOCK_STREAM),
      KNOWN(SOCK_RAW),
      KNOWN(SOCK_CLOEXEC),
      KNOWN(IPPROTO_TCP),
      KNOWN(SOL_SOCKET),
      KNOWN(SO_REUSEADDR),
      KNOWN(MSG_NOSIGNAL),
      KNOWN(CLONE_VM),
      KNOWN(CLONE_NEWUSER),
      KNOWN(CLONE_NEWNS),
      KNOWN(CLONE_THREAD),
      KNOWN(SIGKILL),
      KNOWN(SIGCHLD),
      KNOWN(SIGSYS),
      KNOWN(SIG_SETMASK),
      KNOWN(PR_SET_NAME),
      KNOWN(PR_SET_SECCOMP),
      KNOWN(PR_SET_NO_NEW_PRIVS),
      KNOWN(PER_LINUX32),
      KNOWN(ADDR_NO_RANDOMIZE),
  };
  for (const auto& [name, value] : known) {
    const auto found = calls::symbol_value(name);
    ASSERT_TRUE(found) << name;
    EXPECT_EQ(*found, value) << name;
  }
}

TEST(Symbols, OthersAreNotKnown) {
  for (const char* name : {"", "O_", "o_rdonly", "O_RDONLY ", "SIGRTMIN", "10"}) {
    EXPECT_FALSE(calls::symbol_value(name)) << name;
  }
}

// glibc has O_LARGEFILE = 0 on 64-bit machines; the kernel has not.
TEST(Symbols, AreTheKernels) { EXPECT_EQ(calls::symbol_value("O_LARGEFILE"), 0100000); }

}  // namespace
}  // namespace callgate::test
