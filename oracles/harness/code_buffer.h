// Executable memory that is written again and again through a second, writable mapping. For fuzzing only: publishing
// with jit/code_memory.h costs more than everything else in an execution, and no sandbox may have such memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace callgate::oracles {

class CodeBuffer {
 public:
  enum class Place { anywhere, below_4g };

  explicit CodeBuffer(Place place = Place::anywhere);  // throws std::system_error if the memory is refused
  CodeBuffer(const CodeBuffer&) = delete;
  CodeBuffer& operator=(const CodeBuffer&) = delete;
  ~CodeBuffer();

  // The code where it can run, until put() has been called many times more; null if it is larger than the buffer.
  const std::uint8_t* put(std::span<const std::uint8_t> code);

 private:
  static constexpr std::size_t size = std::size_t{16} << 20;  // bytes

  std::uint8_t* writable_ = nullptr;
  std::uint8_t* executable_ = nullptr;
  std::size_t used_ = 0;
};

}  // namespace callgate::oracles
