// Makes the system calls fail by which code is published. Programs that link system_calls.cc with the linker's --wrap
// (see CMakeLists.txt) go through it with every such call of their own objects and archives; shared libraries do not.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/support/allocations.h"

namespace callgate::test {

enum class SystemCall : std::uint8_t { none, memfd_create, ftruncate, pwrite, fcntl, mmap, mprotect, mseal };

const char* name(SystemCall call) noexcept;

// While it lives, calls after the first `count` fail with `error`. munmap() is not among them: it is what cleans up.
class FailCallsAfter {
 public:
  FailCallsAfter(std::size_t count, int error, Failing failing) noexcept;
  ~FailCallsAfter();
  FailCallsAfter(const FailCallsAfter&) = delete;
  FailCallsAfter& operator=(const FailCallsAfter&) = delete;

  SystemCall first_failed() const noexcept;  // none: all went well
};

// While it lives, munmap() fails with ENOMEM, as it may when it would have to split a mapping.
class RefuseUnmapping {
 public:
  RefuseUnmapping() noexcept;
  ~RefuseUnmapping();
  RefuseUnmapping(const RefuseUnmapping&) = delete;
  RefuseUnmapping& operator=(const RefuseUnmapping&) = delete;
};

// While it lives, every pwrite() writes at most so many bytes.
class WriteAtMost {
 public:
  explicit WriteAtMost(std::size_t bytes) noexcept;
  ~WriteAtMost();
  WriteAtMost(const WriteAtMost&) = delete;
  WriteAtMost& operator=(const WriteAtMost&) = delete;
};

// While it lives, no memory file can be had: memfd_create() fails with ENOSYS.
class RefuseFiles {
 public:
  RefuseFiles() noexcept;
  ~RefuseFiles();
  RefuseFiles(const RefuseFiles&) = delete;
  RefuseFiles& operator=(const RefuseFiles&) = delete;
};

// What another thread, or a child forked meanwhile, does to a memory file before it is sealed.
enum class Tampering : std::uint8_t {
  none,
  write,   // writes over byte `at`
  map,     // maps the file for writing and keeps the mapping, to write byte `at` when all is done
  seal,    // seals it, so that it cannot be sealed as is meant
  resize,  // makes it `at` bytes long
};

// While it lives, files are tampered with at the last moment; at the end, a kept mapping is written to and unmapped.
class Tamper {
 public:
  static constexpr std::size_t at_the_end = ~std::size_t{0};  // at the last four bytes; not for `map`

  Tamper(Tampering how, std::size_t at) noexcept;
  ~Tamper();
  Tamper(const Tamper&) = delete;
  Tamper& operator=(const Tamper&) = delete;

  std::size_t count() const noexcept;  // files that were tampered with
  void write_late() const noexcept;    // by the kept mapping, if there is one
};

// What these calls have acquired and not given back.
struct Held {
  std::ptrdiff_t files = 0;  // memory files that are open
  std::ptrdiff_t bytes = 0;  // of address space
  friend bool operator==(const Held&, const Held&) = default;
};
Held held() noexcept;

}  // namespace callgate::test
