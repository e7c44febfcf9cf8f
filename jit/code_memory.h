// Memory that nothing writes to any more: written once, never writable and executable at the same time, nor afterwards.
//
//   reserve an address range → the caller makes its bytes for these addresses → seal, one of two ways → compare
//
//   file       memfd_create → pwrite → seals → mmap shared at the range: data read-only, code read-execute → close
//   anonymous  mprotect of the range → copy → mprotect: data read-only, code read-execute
//
// The file is the stronger way: its mapping cannot be made writable again, and /proc/self/mem does not write through
// it. Sealing comes before mapping, and the mapping is shared: a memfd sealed after an executable mapping exists, or
// mapped privately, can be made writable again. But until it is sealed, every thread and every child forked meanwhile
// can write to its descriptor. So what is mapped is compared with what was meant; F_SEAL_WRITE is not to be had as long
// as someone else has a writable mapping of the file; and F_SEAL_FUTURE_WRITE, which leaves such a mapping alive, is
// never taken. Where the file differs, or cannot be had (Linux before 6.7 does not map a memfd with F_SEAL_WRITE as
// shared memory; vm.memfd_noexec; RLIMIT_FSIZE; a sandbox), anonymous memory has no such window.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "callgate/expected.hpp"
#include "callgate/options.hpp"

namespace callgate::jit {

enum class Way : std::uint8_t {
  file_first,  // file, else anonymous
  anonymous,   // no system call but mmap, mprotect, munmap and, if permanent, mseal
};

struct PublishOptions {
  bool permanent = false;  // mseal the mapping: it can never be unmapped
  Way way = Way::file_first;
};

struct PublishError {
  FallbackReason reason;  // memory_refused; file_size_limit if RLIMIT_FSIZE was too small and the other way refused
  int error;              // errno value behind memory_refused: that of the last attempt; else 0
  bool lost = false;      // the address range is gone; anonymous memory at another one was not tried
};

// Owns a mapping; unmaps it unless it is permanent. It has no guard pages: a mapping is scarce (about 65,000 in a
// process), code does not run on behind its end, and indices of tables are masked.
class CodeMemory {
 public:
  CodeMemory() noexcept = default;
  CodeMemory(CodeMemory&& other) noexcept;
  CodeMemory& operator=(CodeMemory&& other) noexcept;
  CodeMemory(const CodeMemory&) = delete;
  CodeMemory& operator=(const CodeMemory&) = delete;
  ~CodeMemory();

  // Address space for so many bytes of data and of code, at addresses that stay; it cannot be read before seal().
  static Expected<CodeMemory, PublishError> reserve(std::size_t data, std::size_t code) noexcept;

  // Copies the bytes, as many as were reserved or fewer, into the range and takes the right to write away. Afterwards
  // the memory is read-only (read-execute), as given, and 0 behind that; on failure it may only be destroyed. Leaves
  // errno as it was. Not async-signal-safe.
  std::optional<PublishError> seal(std::span<const std::uint8_t> data, std::span<const std::uint8_t> code,
                                   const PublishOptions& options) noexcept;

  const std::uint8_t* data() const noexcept { return base_; }               // page-aligned
  const std::uint8_t* code() const noexcept { return base_ + data_size_; }  // page-aligned
  bool permanent() const noexcept { return permanent_; }                    // mseal was asked for and worked

 private:
  std::uint8_t* base_ = nullptr;
  std::size_t data_size_ = 0;  // bytes, whole pages
  std::size_t code_size_ = 0;  // the same
  bool permanent_ = false;
};

// reserve() and seal() for bytes that do not depend on their addresses.
Expected<CodeMemory, PublishError> publish(std::span<const std::uint8_t> data, std::span<const std::uint8_t> code,
                                           const PublishOptions& options) noexcept;

}  // namespace callgate::jit
