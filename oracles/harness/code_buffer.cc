#include "oracles/harness/code_buffer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "oracles/harness/serialise.h"

namespace callgate::oracles {
namespace {

[[noreturn]] void refuse(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

CodeBuffer::CodeBuffer([[maybe_unused]] Place place) {
#ifdef MAP_32BIT
  const int where = place == Place::below_4g ? MAP_32BIT : 0;
#else
  const int where = 0;
#endif
  const int fd = ::memfd_create("callgate-fuzz", MFD_CLOEXEC);
  if (fd < 0) refuse("memfd_create");
  if (::ftruncate(fd, size) != 0) refuse("ftruncate");
  void* const writable = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  void* const executable = ::mmap(nullptr, size, PROT_READ | PROT_EXEC, MAP_SHARED | where, fd, 0);
  ::close(fd);
  if (writable == MAP_FAILED || executable == MAP_FAILED) refuse("mmap");
  writable_ = static_cast<std::uint8_t*>(writable);
  executable_ = static_cast<std::uint8_t*>(executable);
}

CodeBuffer::~CodeBuffer() {
  ::munmap(writable_, size);
  ::munmap(executable_, size);
}

const std::uint8_t* CodeBuffer::put(std::span<const std::uint8_t> code) {
  if (code.size() > size) return nullptr;
  if (code.size() > size - used_) {
    used_ = 0;
    serialise();
  }
  std::uint8_t* const at = writable_ + used_;
  if (!code.empty()) std::memcpy(at, code.data(), code.size());
  const std::uint8_t* const runs_at = executable_ + used_;
  used_ = std::min(size, (used_ + code.size() + 63) / 64 * 64);
  return runs_at;
}

}  // namespace callgate::oracles
