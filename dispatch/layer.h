// A layer: one filter on top of a chain, in memory that the caller owns. The interpreter decides by it, and an action
// table where number and architecture settle all; what is below decides as it did. Made without allocation, lock and
// system call, for handlers and for programs without libc: part of the freestanding core.
//
//   Published │ action table │ size of the filter │ instructions
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dispatch/published.h"

namespace callgate::detail {

inline constexpr std::size_t layer_alignment = 16;

// Where the instructions of a layer lie, in bytes from its start, and where it ends.
inline constexpr std::size_t layer_insns_at = CALLGATE_RECORDS_AT + layer_alignment;
constexpr std::size_t layer_bytes(std::size_t insns) noexcept { return layer_insns_at + insns * sizeof(Insn); }

// Where so many bytes may begin in the caller's memory; null if there is no room for them.
inline void* aligned_start(void* memory, std::size_t bytes, std::size_t needed) noexcept {
  const std::size_t skip = (0 - reinterpret_cast<std::uintptr_t>(memory)) % layer_alignment;
  if (bytes < skip || bytes - skip < needed) return nullptr;
  return static_cast<unsigned char*>(memory) + skip;
}

// Where the filter of a layer may be written before it is made, in memory that begins anywhere; null if there is no
// room.
inline Insn* place_of_filter(std::span<std::byte> memory, std::size_t insns) noexcept {
  void* const start = aligned_start(memory.data(), memory.size(), layer_bytes(insns));
  return start == nullptr ? nullptr : reinterpret_cast<Insn*>(static_cast<unsigned char*>(start) + layer_insns_at);
}

// Longer filters have no table: to make one may take 0.8 microseconds for each instruction.
inline constexpr std::size_t max_tabled_insns = 1024;

// Makes a layer at `memory`, which is aligned and has layer_bytes() for the filter. `filter` is verified; it may be the
// one that lies where the layer keeps it. `base` stays as long as the layer; if it is null, the layer is the first
// filter of a chain with this rule, for struct seccomp_data; else it has the rule and the layout of `base`. The image
// has no node.
Published& make_layer(void* memory, const Published* base, MergeRule rule, std::span<const Insn> filter) noexcept;

}  // namespace callgate::detail
