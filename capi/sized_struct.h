// Structs of C that begin with their size, so that they can grow: what a caller was compiled with may be older or newer
// than the library. As the kernel's copy_struct_from_user().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace callgate::capi {

// No struct is as large, and all have sizes that are multiples of 4: what says otherwise was never set.
inline constexpr std::uint32_t max_struct_size = 4096;

// The size of the first version of a struct; of those that have grown, or may be cut, specialised.
template <class S>
inline constexpr std::uint32_t min_size = sizeof(S);

template <class S>
bool has_sound_size(const S& given) noexcept {
  return given.size >= min_size<S> && given.size <= max_struct_size && given.size % 4 == 0;
}

// Reads what a caller gave. False if its size is wrong, or bytes that are not known here are not 0.
template <class S>
bool read_struct(const S& given, S& to) noexcept {
  if (!has_sound_size(given)) return false;
  to = {};
  std::memcpy(&to, &given, std::min<std::size_t>(given.size, sizeof(S)));
  const auto* bytes = reinterpret_cast<const unsigned char*>(&given);
  for (std::size_t i = sizeof(S); i < given.size; ++i) {
    if (bytes[i] != 0) return false;
  }
  to.size = sizeof(S);
  return true;
}

// Writes what fits; the caller's size stays, and what is not known here becomes 0. The size must be sound.
template <class S>
void write_struct(const S& value, S& to) noexcept {
  constexpr std::size_t field = sizeof value.size;
  const std::size_t size = to.size;
  auto* bytes = reinterpret_cast<unsigned char*>(&to);
  const std::size_t known = std::min<std::size_t>(size, sizeof(S));
  std::memcpy(bytes + field, reinterpret_cast<const unsigned char*>(&value) + field, known - field);
  std::memset(bytes + known, 0, size - known);
}

}  // namespace callgate::capi
