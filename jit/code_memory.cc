#include "jit/code_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
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
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
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

// All bytes are equal to the next one, and the first is 0: memcmp() is faster than a loop here.
bool is_zero(const std::uint8_t* at, std::size_t size) {
  return size == 0 || (*at == 0 && std::memcmp(at, at + 1, size - 1) == 0);
}

// Whether the part of `size` bytes holds `bytes`, and zeros behind them.
bool holds(const std::uint8_t* at, std::size_t size, std::span<const std::uint8_t> bytes) {
  if (!bytes.empty() && std::memcmp(at, bytes.data(), bytes.size()) != 0) return false;
  return is_zero(at + bytes.size(), size - bytes.size());
}

// Whether the mapping is what was meant. EIO says that somebody wrote meanwhile.
bool is_as_meant(const Content& content) {
  if (holds(content.base, content.data_size, content.data) &&
      holds(content.code_base(), content.code_size, content.code)) {
    return true;
  }
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

// The size is looked at when the seals keep it: reading a mapping beyond the end of its file would kill.
bool fill(int fd, const Content& content) {
  if (::ftruncate(fd, static_cast<off_t>(content.size())) != 0 || !write_all(fd, content.data, 0) ||
      !write_all(fd, content.code, content.data_size) ||
      ::fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
    return false;
  }
  struct stat file {};
  if (::fstat(fd, &file) == 0 && file.st_size == static_cast<off_t>(content.size())) return true;
  errno = EIO;
  return false;
}

// Maps the file where nothing is mapped. Before 4.17 the kernel takes the address as a hint.
bool map_part(int fd, std::uint8_t* at, std::size_t bytes, int protection, std::size_t offset) {
  if (bytes == 0) return true;
  void* const got = ::mmap(at, bytes, protection, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, static_cast<off_t>(offset));
  if (got == at) return true;
  if (got != MAP_FAILED) {
    ::munmap(got, bytes);
    errno = EEXIST;
  }
  return false;
}

enum class Outcome : std::uint8_t {
  sealed,
  refused,  // errno says why; the range is as it was
  lost,     // the same, and nothing of the range is held any more
};

// Gives the reserved range up before it maps the file there: a mapping that MAP_FIXED is to replace is gone on some
// kernels (before 6.12) when the new one is refused, and then the range may be another thread's.
Outcome map_file(int fd, const Content& content) {
  if (::munmap(content.base, content.size()) != 0) return Outcome::refused;
  if (!map_part(fd, content.base, content.data_size, PROT_READ, 0)) return Outcome::lost;
  if (map_part(fd, content.code_base(), content.code_size, PROT_READ | PROT_EXEC, content.data_size)) {
    if (is_as_meant(content)) return Outcome::sealed;
    const KeepErrno keep;
    ::munmap(content.code_base(), content.code_size);
  }
  const KeepErrno keep;
  ::munmap(content.base, content.data_size);
  return Outcome::lost;
}

Outcome seal_file(const Content& content) {
  const File file(make_file(content.code_size != 0));
  return file.fd() >= 0 && fill(file.fd(), content) ? map_file(file.fd(), content) : Outcome::refused;
}

// False with errno set. The range is the reserved one.
bool seal_anonymous(const Content& content) {
  const auto protect = [](std::uint8_t* at, std::size_t bytes, int protection) {
    return bytes == 0 || ::mprotect(at, bytes, protection) == 0;
  };
  if (!protect(content.base, content.size(), PROT_READ | PROT_WRITE)) return false;
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
  Outcome outcome = Outcome::refused;
  if (options.way == Way::file_first && fits) outcome = seal_file(content);
  if (outcome == Outcome::lost) base_ = nullptr;
  if (outcome == Outcome::refused && seal_anonymous(content)) outcome = Outcome::sealed;
  if (outcome != Outcome::sealed) {
    if (options.way == Way::file_first && !fits) return PublishError{FallbackReason::file_size_limit, 0};
    return PublishError{FallbackReason::memory_refused, errno, outcome == Outcome::lost};
  }
  permanent_ = options.permanent && ::syscall(sys_mseal, base_, content.size(), 0ul) == 0;
  return std::nullopt;
}

Expected<CodeMemory, PublishError> publish(std::span<const std::uint8_t> data, std::span<const std::uint8_t> code,
                                           const PublishOptions& options) noexcept {
  auto memory = CodeMemory::reserve(data.size(), code.size());
  if (!memory) return memory.error();
  const auto error = memory->seal(data, code, options);
  if (error && error->lost) return publish(data, code, {.permanent = options.permanent, .way = Way::anonymous});
  if (error) return *error;
  return std::move(*memory);
}

}  // namespace callgate::jit
