#include "jit/code_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>

#include <utility>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
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

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
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

// Where things lie in the mapping. Both parts are whole pages.
struct Shape {
  std::size_t page;
  std::size_t data;
  std::size_t code;

  std::size_t file() const { return data + code; }
  std::size_t whole() const { return file() + 2 * page; }
};

Shape shape_of(std::size_t data, std::size_t code) {
  const std::size_t page = page_size();
  const auto round = [&](std::size_t bytes) { return (bytes + page - 1) / page * page; };
  return {page, round(data), round(code)};
}

bool fill(int fd, const Shape& shape, std::span<const std::uint8_t> data, std::span<const std::uint8_t> code,
          WriteSeal seal) {
  const int write_seal = seal == WriteSeal::write ? F_SEAL_WRITE : F_SEAL_FUTURE_WRITE;
  return ::ftruncate(fd, static_cast<off_t>(shape.file())) == 0 && write_all(fd, data, 0) &&
         write_all(fd, code, shape.data) &&
         ::fcntl(fd, F_ADD_SEALS, write_seal | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0;
}

// Maps the parts over the middle of the reserved, inaccessible range.
bool map_parts(int fd, const Shape& shape, std::uint8_t* base) {
  std::uint8_t* const data = base + shape.page;
  const auto map = [&](std::uint8_t* at, std::size_t bytes, int protection, std::size_t offset) {
    return bytes == 0 || ::mmap(at, bytes, protection, MAP_SHARED | MAP_FIXED, fd, static_cast<off_t>(offset)) == at;
  };
  return map(data, shape.data, PROT_READ, 0) && map(data + shape.data, shape.code, PROT_READ | PROT_EXEC, shape.data);
}

// The base of the mapping, or null with errno set.
std::uint8_t* try_publish(const Shape& shape, std::span<const std::uint8_t> data, std::span<const std::uint8_t> code,
                          WriteSeal seal) {
  const File file(static_cast<int>(::syscall(SYS_memfd_create, "callgate", MFD_CLOEXEC | MFD_ALLOW_SEALING)));
  if (file.fd() < 0 || !fill(file.fd(), shape, data, code, seal)) return nullptr;
  void* const reserved = ::mmap(nullptr, shape.whole(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return nullptr;
  if (map_parts(file.fd(), shape, static_cast<std::uint8_t*>(reserved))) return static_cast<std::uint8_t*>(reserved);
  const KeepErrno keep;
  ::munmap(reserved, shape.whole());
  return nullptr;
}

}  // namespace

CodeMemory::CodeMemory(CodeMemory&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      size_(other.size_),
      data_(other.data_),
      code_(other.code_),
      permanent_(other.permanent_) {}

CodeMemory& CodeMemory::operator=(CodeMemory&& other) noexcept {
  std::swap(base_, other.base_);
  std::swap(size_, other.size_);
  std::swap(data_, other.data_);
  std::swap(code_, other.code_);
  std::swap(permanent_, other.permanent_);
  return *this;
}

CodeMemory::~CodeMemory() {
  if (base_ == nullptr || permanent_) return;
  const KeepErrno keep;
  ::munmap(base_, size_);
}

Expected<CodeMemory, PublishError> publish(std::span<const std::uint8_t> data, std::span<const std::uint8_t> code,
                                           const PublishOptions& options) noexcept {
  const KeepErrno keep;
  const Shape shape = shape_of(data.size(), code.size());
  if (!within_file_size_limit(shape.file())) return PublishError{FallbackReason::file_size_limit, 0};
  std::uint8_t* base = try_publish(shape, data, code, options.first_try);
  if (base == nullptr && errno == EPERM && options.first_try == WriteSeal::write) {
    base = try_publish(shape, data, code, WriteSeal::future_write);
  }
  if (base == nullptr) return PublishError{FallbackReason::memory_refused, errno};
  CodeMemory memory;
  memory.base_ = base;
  memory.size_ = shape.whole();
  memory.data_ = base + shape.page;
  memory.code_ = base + shape.page + shape.data;
  memory.permanent_ = options.permanent && ::syscall(sys_mseal, base, shape.whole(), 0ul) == 0;
  return memory;
}

}  // namespace callgate::jit
