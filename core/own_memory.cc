// Copies and zeros, byte by byte.
#include <cstddef>

namespace {

// Keeps a loop from becoming a call of the function that it is in.
inline void stay_a_loop() noexcept { __asm__("" ::: "memory"); }

}  // namespace

extern "C" {

[[gnu::visibility("hidden")]] void* callgate_core_memcpy(void* to, const void* from, std::size_t bytes) noexcept {
  auto* out = static_cast<unsigned char*>(to);
  const auto* in = static_cast<const unsigned char*>(from);
  for (; bytes != 0; --bytes, stay_a_loop()) *out++ = *in++;
  return to;
}

[[gnu::visibility("hidden")]] void* callgate_core_memmove(void* to, const void* from, std::size_t bytes) noexcept {
  auto* const out = static_cast<unsigned char*>(to);
  const auto* const in = static_cast<const unsigned char*>(from);
  if (out < in) return callgate_core_memcpy(to, from, bytes);
  for (; bytes != 0; stay_a_loop()) --bytes, out[bytes] = in[bytes];
  return to;
}

[[gnu::visibility("hidden")]] void* callgate_core_memset(void* to, int value, std::size_t bytes) noexcept {
  auto* out = static_cast<unsigned char*>(to);
  for (; bytes != 0; --bytes, stay_a_loop()) *out++ = static_cast<unsigned char>(value);
  return to;
}

}  // extern "C"
