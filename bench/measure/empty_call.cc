#include "bench/measure/empty_call.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <bit>

#include "callgate/action.hpp"

namespace callgate::bench {
namespace {

constexpr std::size_t page_size = 4096;

[[gnu::noinline]] std::uint32_t in_this_program(const SeccompData*) { return action::allow; }

// A page that starts with `code`, or null.
template <std::size_t size>
void* publish(const std::array<unsigned char, size>& code) {
  const int fd = memfd_create("empty call", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return nullptr;
  void* page = MAP_FAILED;
  if (ftruncate(fd, page_size) == 0 && pwrite(fd, code.data(), size, 0) == static_cast<ssize_t>(size) &&
      fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0) {
    page = mmap(nullptr, page_size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
  }
  close(fd);
  return page == MAP_FAILED ? nullptr : page;
}

}  // namespace

EmptyCall::EmptyCall() : function_(in_this_program) {
#if defined(__x86_64__) || defined(__i386__)
  constexpr std::array<unsigned char, 6> code = {0xb8, 0x00, 0x00, 0xff, 0x7f, 0xc3};
  page_ = publish(code);
  if (page_ != nullptr) function_ = std::bit_cast<Function>(page_);
#endif
}

EmptyCall::~EmptyCall() {
  if (page_ != nullptr) munmap(page_, page_size);
}

}  // namespace callgate::bench
