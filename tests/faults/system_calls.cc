#include "tests/faults/system_calls.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <limits>

namespace callgate::test {
namespace {

constexpr long sys_mseal = 462;
constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

struct State {
  std::size_t left = never;  // calls that may still succeed
  int error = 0;
  Failing failing = Failing::for_ever;
  SystemCall first_failed = SystemCall::none;
  std::size_t write_at_most = never;
  bool unmaps = true;
  bool makes_files = true;
  Tampering tampering = Tampering::none;
  std::size_t tamper_at = 0;
  std::size_t tampered = 0;
  unsigned char* kept = nullptr;  // a writable mapping of the last file
  Held held;
};
constinit State state;

// Whether the call may be made. If not, errno is set.
bool admit(SystemCall call) noexcept {
  if (state.left == never) return true;
  if (state.left != 0) {
    --state.left;
    return true;
  }
  if (state.failing == Failing::once) state.left = never;
  if (state.first_failed == SystemCall::none) state.first_failed = call;
  errno = state.error;
  return false;
}

}  // namespace

const char* name(SystemCall call) noexcept {
  constexpr const char* names[] = {"none", "memfd_create", "ftruncate", "pwrite", "fcntl", "mmap", "mprotect", "mseal"};
  return names[static_cast<std::size_t>(call)];
}

FailCallsAfter::FailCallsAfter(std::size_t count, int error, Failing failing) noexcept {
  state.left = count;
  state.error = error;
  state.failing = failing;
  state.first_failed = SystemCall::none;
}
FailCallsAfter::~FailCallsAfter() { state.left = never; }
SystemCall FailCallsAfter::first_failed() const noexcept { return state.first_failed; }

RefuseFiles::RefuseFiles() noexcept { state.makes_files = false; }
RefuseFiles::~RefuseFiles() { state.makes_files = true; }

Tamper::Tamper(Tampering how, std::size_t at) noexcept {
  state.tampering = how;
  state.tamper_at = at;
  state.tampered = 0;
  state.kept = nullptr;
}
Tamper::~Tamper() { state.tampering = Tampering::none; }
std::size_t Tamper::count() const noexcept { return state.tampered; }
void Tamper::write_late() const noexcept {
  if (state.kept != nullptr) state.kept[state.tamper_at] = static_cast<unsigned char>(~state.kept[state.tamper_at]);
}

RefuseUnmapping::RefuseUnmapping() noexcept { state.unmaps = false; }
RefuseUnmapping::~RefuseUnmapping() { state.unmaps = true; }

WriteAtMost::WriteAtMost(std::size_t bytes) noexcept { state.write_at_most = bytes; }
WriteAtMost::~WriteAtMost() { state.write_at_most = never; }

Held held() noexcept { return state.held; }

}  // namespace callgate::test

using callgate::test::admit;
using callgate::test::state;
using callgate::test::sys_mseal;
using callgate::test::SystemCall;

extern "C" {

long __real_syscall(long nr, ...);
int __real_close(int fd);
int __real_ftruncate(int fd, off_t bytes);
ssize_t __real_pwrite(int fd, const void* from, std::size_t bytes, off_t offset);
int __real_fcntl(int fd, int command, ...);
void* __real_mmap(void* address, std::size_t bytes, int protection, int flags, int fd, off_t offset);
int __real_munmap(void* address, std::size_t bytes);
int __real_mprotect(void* address, std::size_t bytes, int protection);

namespace {

void tamper_with(int fd) {
  using callgate::test::Tampering;
  struct stat file {};
  if (fstat(fd, &file) != 0) return;
  const auto at =
      state.tamper_at == callgate::test::Tamper::at_the_end ? file.st_size - 4 : static_cast<off_t>(state.tamper_at);
  if (state.tampering == Tampering::resize && __real_ftruncate(fd, at) == 0) ++state.tampered;
  if (state.tampering == Tampering::write && __real_pwrite(fd, "\xa5\x5a\xa5\x5a", 4, at) == 4) ++state.tampered;
  if (state.tampering == Tampering::seal && __real_fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL) == 0) ++state.tampered;
  if (state.tampering == Tampering::map) {
    void* const kept = __real_mmap(nullptr, state.tamper_at + 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (kept == MAP_FAILED) return;
    state.kept = static_cast<unsigned char*>(kept);
    ++state.tampered;
  }
}

}  // namespace

// For the two calls that publishing makes by number.
long __wrap_syscall(long nr, ...) {
  const bool makes_file = nr == SYS_memfd_create;
  if (!makes_file && nr != sys_mseal) std::abort();
  va_list list;
  va_start(list, nr);
  const long first = va_arg(list, long);
  const long second = va_arg(list, long);
  const long third = makes_file ? 0 : va_arg(list, long);
  va_end(list);
  if (makes_file && !state.makes_files) {
    errno = ENOSYS;
    return -1;
  }
  if (!admit(makes_file ? SystemCall::memfd_create : SystemCall::mseal)) return -1;
  const long result = __real_syscall(nr, first, second, third);
  if (makes_file && result >= 0) ++state.held.files;
  return result;
}

int __wrap_close(int fd) {
  const int result = __real_close(fd);
  if (result == 0) --state.held.files;
  return result;
}

int __wrap_ftruncate(int fd, off_t bytes) { return admit(SystemCall::ftruncate) ? __real_ftruncate(fd, bytes) : -1; }

ssize_t __wrap_pwrite(int fd, const void* from, std::size_t bytes, off_t offset) {
  if (!admit(SystemCall::pwrite)) return -1;
  return __real_pwrite(fd, from, bytes < state.write_at_most ? bytes : state.write_at_most, offset);
}

// All commands that publishing uses take one int.
int __wrap_fcntl(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  const int argument = va_arg(list, int);
  va_end(list);
  if (command == F_ADD_SEALS) tamper_with(fd);
  return admit(SystemCall::fcntl) ? __real_fcntl(fd, command, argument) : -1;
}

void* __wrap_mmap(void* address, std::size_t bytes, int protection, int flags, int fd, off_t offset) {
  if (!admit(SystemCall::mmap)) return MAP_FAILED;
  void* const result = __real_mmap(address, bytes, protection, flags, fd, offset);
  if (result != MAP_FAILED && (flags & MAP_FIXED) == 0) state.held.bytes += static_cast<std::ptrdiff_t>(bytes);
  return result;
}

int __wrap_mprotect(void* address, std::size_t bytes, int protection) {
  return admit(SystemCall::mprotect) ? __real_mprotect(address, bytes, protection) : -1;
}

int __wrap_munmap(void* address, std::size_t bytes) {
  if (!state.unmaps) {
    errno = ENOMEM;
    return -1;
  }
  const int result = __real_munmap(address, bytes);
  if (result == 0) state.held.bytes -= static_cast<std::ptrdiff_t>(bytes);
  return result;
}
}
