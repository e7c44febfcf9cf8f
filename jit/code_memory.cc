#include "jit/code_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <utility>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

namespace callgate::jit {
namespace {

constexpr long sys_mseal = 462;  // all architectures; Linux 6.10

class KeepErrno {
 public:
  KeepErrno() : saved_(errno) {}
  ~KeepErrno() { errno = saved_; }
  KeepErrno(const KeepErrno&) = delete;
  KeepErrno& operator=(const KeepErrno&) = delete;

 private:
  int saved_;
};

// Closing leaves errno as it was: that of what failed before.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    const KeepErrno keep;
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::size_t page_size() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

bool write_all(int fd, std::span<const std::uint8_t> bytes, std::size_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      if (written == 0) errno = EIO;
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::size_t>(written);
  }
  return true;
}

// Writing beyond RLIMIT_FSIZE would raise SIGXFSZ, which kills.
bool within_file_size_limit(std::size_t bytes) {
  rlimit limit{};
  return ::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || bytes <= limit.rlim_cur;
}

std::size_t whole_pages(std::size_t bytes) {
  const std::size_t page = page_size();
  return (bytes + page - 1) / page * page;
}

// What is to be mapped where. Both parts begin at a page; behind the bytes, pages are filled with zeros.
struct Content {
  std::uint8_t* base;
  std::size_t data_size;  // bytes, whole pages
  std::size_t code_size;
  std::span<const std::uint8_t> data;
  std::span<const std::uint8_t> code;

  std::size_t size() const { return data_size + code_size; }
  std::uint8_t* code_base() const { return base + data_size; }
};

bool holds(const std::uint8_t* at, std::span<const std::uint8_t> bytes) {
  return bytes.empty() || std::memcmp(at, bytes.data(), bytes.size()) == 0;
}

// Whether the mapping is what was meant. EIO says that somebody wrote meanwhile.
bool is_as_meant(const Content& content) {
  if (holds(content.base, content.data) && holds(content.code_base(), content.code)) return true;
  errno = EIO;
  return false;
}

// Says what the kernel knows of: Linux before 6.3 has neither flag, and later ones may demand one (vm.memfd_noexec).
int make_file(bool executable) {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const unsigned kind = executable ? MFD_EXEC : MFD_NOEXEC_SEAL;
  const int fd = static_cast<int>(::syscall(SYS_memfd_create, "callgate", flags | kind));
  if (fd >= 0 || errno != EINVAL) return fd;
  return static_cast<int>(::syscall(SYS_memfd_create, "callgate", flags));
}

bool fill(int fd, const Content& content) {
  return ::ftruncate(fd, static_cast<off_t>(content.size())) == 0 && write_all(fd, content.data, 0) &&
         write_all(fd, content.code, content.data_size) &&
         ::fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0;
}

// Maps the parts over the reserved range.
bool map_parts(int fd, const Content& content) {
  const auto map = [&](std::uint8_t* at, std::size_t bytes, int protection, std::size_t offset) {
    return bytes == 0 || ::mmap(at, bytes, protection, MAP_SHARED | MAP_FIXED, fd, static_cast<off_t>(offset)) == at;
  };
  return map(content.base, content.data_size, PROT_READ, 0) &&
         map(content.code_base(), content.code_size, PROT_READ | PROT_EXEC, content.data_size);
}

// False with errno set.
bool seal_file(const Content& content) {
  const File file(make_file(content.code_size != 0));
  return file.fd() >= 0 && fill(file.fd(), content) && map_parts(file.fd(), content) && is_as_meant(content);
}

// The same. What the range was before does not matter.
bool seal_anonymous(const Content& content) {
  const auto protect = [](std::uint8_t* at, std::size_t bytes, int protection) {
    return bytes == 0 || ::mprotect(at, bytes, protection) == 0;
  };
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  if (::mmap(content.base, content.size(), PROT_READ | PROT_WRITE, flags, -1, 0) != content.base) return false;
  if (!content.data.empty()) std::memcpy(content.base, content.data.data(), content.data.size());
  if (!content.code.empty()) std::memcpy(content.code_base(), content.code.data(), content.code.size());
  return protect(content.base, content.data_size, PROT_READ) &&
         protect(content.code_base(), content.code_size, PROT_READ | PROT_EXEC) && is_as_meant(content);
}

}  // namespace

CodeMemory::CodeMemory(CodeMemory&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      data_size_(other.data_size_),
      code_size_(other.code_size_),
      permanent_(other.permanent_) {}

CodeMemory& CodeMemory::operator=(CodeMemory&& other) noexcept {
  std::swap(base_, other.base_);
  std::swap(data_size_, other.data_size_);
  std::swap(code_size_, other.code_size_);
  std::swap(permanent_, other.permanent_);
  return *this;
}

CodeMemory::~CodeMemory() {
  if (base_ == nullptr || permanent_) return;
  const KeepErrno keep;
  ::munmap(base_, data_size_ + code_size_);
}

Expected<CodeMemory, PublishError> CodeMemory::reserve(std::size_t data, std::size_t code) noexcept {
  const KeepErrno keep;
  CodeMemory memory;
  memory.data_size_ = whole_pages(data);
  memory.code_size_ = whole_pages(code);
  void* const base = ::mmap(nullptr, memory.data_size_ + memory.code_size_, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return PublishError{FallbackReason::memory_refused, errno};
  memory.base_ = static_cast<std::uint8_t*>(base);
  return memory;
}

std::optional<PublishError> CodeMemory::seal(std::span<const std::uint8_t> data, std::span<const std::uint8_t> code,
                                             const PublishOptions& options) noexcept {
  const KeepErrno keep;
  const Content content{base_, data_size_, code_size_, data, code};
  const bool fits = within_file_size_limit(content.size());
  const bool is_sealed = (options.way == Way::file_first && fits && seal_file(content)) || seal_anonymous(content);
  if (!is_sealed) {
    if (options.way == Way::file_first && !fits) return PublishError{FallbackReason::file_size_limit, 0};
    return PublishError{FallbackReason::memory_refused, errno};
  }
  permanent_ = options.permanent && ::syscall(sys_mseal, base_, content.size(), 0ul) == 0;
  return std::nullopt;
}

Expected<CodeMemory, PublishError> publish(std::span<const std::uint8_t> data, std::span<const std::uint8_t> code,
                                           const PublishOptions& options) noexcept {
  auto memory = CodeMemory::reserve(data.size(), code.size());
  if (!memory) return memory.error();
  if (const auto error = memory->seal(data, code, options)) return *error;
  return std::move(*memory);
}

}  // namespace callgate::jit
