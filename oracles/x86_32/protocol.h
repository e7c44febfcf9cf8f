// What lies in the memory that a 64-bit process shares with its 32-bit helper. The order of a round:
//
//   parent: code, entries, inputs, `first` and `count` → one byte down the pipe
//   helper: for i in first .. count - 1: `current` = i; results[i] = (code + entries[i])(inputs[i]) → one byte back
//
// The helper maps everything but results and `current` read-only, and the code executable: nothing is copied.
#pragma once

#include <cstddef>
#include <cstdint>

#include "callgate/insn.hpp"

namespace callgate::helper_32 {

inline constexpr std::uint32_t max_calls = 16384;     // of a round
inline constexpr std::uint32_t max_code = 16u << 20;  // bytes

// Same layout in both word sizes: only 32-bit and 64-bit numbers on their natural boundaries.
struct Orders {
  std::uint32_t first;
  std::uint32_t count;
  std::uint32_t padding[14];
  std::uint32_t entries[max_calls];  // bytes from the start of the code
  SeccompData inputs[max_calls];
};

struct Answers {
  volatile std::uint32_t current;  // the call in work
  std::uint32_t padding[15];
  std::uint32_t results[max_calls];
};

constexpr std::size_t pages(std::size_t bytes) { return (bytes + 4095) / 4096 * 4096; }

// Byte offsets of the three parts in the shared file.
inline constexpr std::size_t orders_at = 0;
inline constexpr std::size_t answers_at = pages(sizeof(Orders));
inline constexpr std::size_t code_at = answers_at + pages(sizeof(Answers));
inline constexpr std::size_t shared_size = code_at + max_code;

// The helper finds them open.
inline constexpr int shared_fd = 3;  // pipes are standard input and output

}  // namespace callgate::helper_32
