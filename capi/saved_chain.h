// A chain as bytes: one layout for readers of 32 and 64 bits, in the byte order of the machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "callgate/callgate.h"
#include "callgate/chain.hpp"
#include "capi/filters.h"

namespace callgate::capi {

// The start of the bytes. Behind it stand, from version 2 on, the further options, then the number of instructions of
// each filter, oldest first (32 bits each, then zeros up to a multiple of 8 bytes), and the instructions themselves.
struct SavedHeader {
  std::uint32_t magic;
  std::uint32_t version;
  std::uint64_t checksum;  // FNV-1a of all bytes behind this field
  std::uint64_t total;     // bytes
  // Fields of callgate_options and callgate_layout.
  std::uint32_t engine;
  std::uint32_t target;
  std::uint32_t optimize;
  std::uint32_t rule;
  std::uint32_t no_exec_memory;
  std::uint32_t permanent;
  std::uint32_t code_limit;
  std::uint32_t path_limit;
  std::uint32_t single_fetch;
  std::uint32_t filters;
  callgate_input_word words[16];
  std::uint64_t instructions;  // of all filters
};
static_assert(sizeof(SavedHeader) == 200 && offsetof(SavedHeader, total) == 16 && offsetof(SavedHeader, words) == 64);

// What version 2 has more. A chain that has none of it is written as version 1, which older readers know too.
struct SavedLimits {
  std::uint32_t step_limit;
  std::uint32_t node_limit;
  std::uint32_t byte_limit;
  std::uint32_t blind_constants;

  bool operator==(const SavedLimits&) const = default;
};
static_assert(sizeof(SavedLimits) == 16);

inline constexpr std::uint32_t saved_magic = 0x48434743;                  // "CGCH", from the least significant byte
inline constexpr std::uint32_t saved_version = 2;                         // the newest
inline constexpr std::uint64_t max_saved_bytes = std::uint64_t{1} << 26;  // more is taken for damage

using Bytes = std::vector<unsigned char>;

// Of all filters and options. Empty for a chain that was moved from. May throw what standard containers throw.
Bytes save(const Chain& chain);

// The filters and options of such bytes, of which nothing is trusted. CALLGATE_OK, or what `report` was told. May throw
// what standard containers throw.
int read(std::span<const unsigned char> bytes, Programs& oldest_first, Options& options, Report& report);

}  // namespace callgate::capi
