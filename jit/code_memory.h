// Executable memory: written once through a sealed memfd, never writable and executable at the same time, nor
// afterwards.
//
//   memfd_create → pwrite → seal → mmap shared: data read-only, code read-execute, a guard page on either side → close
//
// Sealing comes before mapping, and the mapping is shared: a memfd sealed after an executable mapping exists, or mapped
// privately, can be made writable again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "callgate/expected.hpp"
#include "callgate/options.hpp"

namespace callgate::jit {

// Which write seal a memfd gets. Before Linux 6.7 the kernel refused to map a memfd with F_SEAL_WRITE as shared memory
// even for reading; publish() then falls back on F_SEAL_FUTURE_WRITE, which is as strong here because no writable
// mapping ever exists.
enum class WriteSeal : std::uint8_t { write, future_write };

struct PublishOptions {
  bool permanent = false;  // mseal the mapping: it can never be unmapped
  WriteSeal first_try = WriteSeal::write;
};

struct PublishError {
  FallbackReason reason;  // memory_refused or file_size_limit
  int error;              // errno value behind memory_refused, else 0
};

// Owns a mapping; unmaps it unless it is permanent.
class CodeMemory {
 public:
  CodeMemory() noexcept = default;
  CodeMemory(CodeMemory&& other) noexcept;
  CodeMemory& operator=(CodeMemory&& other) noexcept;
  CodeMemory(const CodeMemory&) = delete;
  CodeMemory& operator=(const CodeMemory&) = delete;
  ~CodeMemory();

  const std::uint8_t* data() const noexcept { return data_; }  // read-only part, page-aligned
  const std::uint8_t* code() const noexcept { return code_; }  // read-execute part, page-aligned
  bool permanent() const noexcept { return permanent_; }       // mseal was asked for and worked

 private:
  friend Expected<CodeMemory, PublishError> publish(std::span<const std::uint8_t>, std::span<const std::uint8_t>,
                                                    const PublishOptions&) noexcept;
  std::uint8_t* base_ = nullptr;  // of the whole mapping, guard pages included
  std::size_t size_ = 0;          // bytes
  const std::uint8_t* data_ = nullptr;
  const std::uint8_t* code_ = nullptr;
  bool permanent_ = false;
};

// Copies `data` and `code` into new sealed memory. Leaves errno as it was. Not async-signal-safe.
Expected<CodeMemory, PublishError> publish(std::span<const std::uint8_t> data, std::span<const std::uint8_t> code,
                                           const PublishOptions& options) noexcept;

}  // namespace callgate::jit
