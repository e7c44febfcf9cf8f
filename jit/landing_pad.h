// ENDBR, where an indirect jump may land under CET: f3 0f 1e fa in 64-bit code, f3 0f 1e fb in 32-bit code. A filter
// chooses its constants, and must not choose such a place with them. So no constant that has these bytes in it is
// written into code as it is, and compile() counts the landing pads of what it hands out.
//
// A landing pad lies in a constant of one instruction or nowhere. No instruction that is emitted begins with 0f 1e, 1e,
// fa or fb, so it does not continue in the next one; no ModRM byte that is emitted is f3 or has mod 3 and reg 6 with rm
// 3 (ebx is not used), so it does not begin before the constant; displacements are below 0x10000 and jumps below
// 0x01000000, so their upper bytes are 0.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

namespace callgate::jit {

inline constexpr std::uint32_t endbr64_bytes = 0xfa1e0ff3;  // as a little-endian word
inline constexpr std::uint32_t endbr32_bytes = 0xfb1e0ff3;

constexpr bool is_landing_pad(std::uint32_t word) { return (word | (endbr64_bytes ^ endbr32_bytes)) == endbr32_bytes; }

// Whether the eight bytes of a constant have a landing pad in them, at any place.
constexpr bool has_landing_pad(std::uint64_t value) {
  for (unsigned byte = 0; byte <= 4; ++byte) {
    if (is_landing_pad(static_cast<std::uint32_t>(value >> 8 * byte))) return true;
  }
  return false;
}

// A mask without a landing pad whose exclusive or with `value` has none either. Its bytes are one power of two: each of
// the 5 places in `value` rules out one of the 8 at most.
constexpr std::uint64_t blinding_mask(std::uint64_t value) {
  std::uint64_t mask = 0x0101010101010101;
  while (has_landing_pad(value ^ mask)) mask <<= 1;
  return mask;
}

// Landing pads at any byte of the code.
inline std::size_t count_landing_pads(std::span<const std::uint8_t> code) {
  std::size_t count = 0;
  const std::uint8_t* at = code.data();
  const std::uint8_t* const last = code.data() + code.size();
  while (at != last) {
    at = static_cast<const std::uint8_t*>(std::memchr(at, endbr64_bytes & 0xff, static_cast<std::size_t>(last - at)));
    if (at == nullptr || last - at < 4) break;
    std::uint32_t word;
    std::memcpy(&word, at, sizeof word);
    if (is_landing_pad(word)) ++count;
    ++at;
  }
  return count;
}

// Whether the landing pads of the code are those at its entries, whose offsets are given, each once.
inline bool lands_at_entries_only(std::span<const std::uint8_t> code, std::span<const std::uint32_t> entries) {
  for (const std::uint32_t entry : entries) {
    if (code.size() < 4 || entry > code.size() - 4 || count_landing_pads(code.subspan(entry, 4)) != 1) return false;
  }
  return count_landing_pads(code) == entries.size();
}

}  // namespace callgate::jit
