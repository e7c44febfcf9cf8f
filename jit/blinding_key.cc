#include "jit/blinding_key.h"

#include <sys/auxv.h>
#include <sys/random.h>
#include <time.h>

#include <cstring>

namespace callgate::jit {
namespace {

// Bytes that the authors of filters do not know unless they can read this process's memory.
std::uint64_t own_bytes() noexcept {
  std::uint64_t halves[2] = {};
  if (const unsigned long at = ::getauxval(AT_RANDOM); at != 0) {
    std::memcpy(halves, reinterpret_cast<const void*>(at), sizeof halves);  // NOLINT: the kernel gave the address
  }
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto nanoseconds = static_cast<std::uint64_t>(now.tv_nsec) + (static_cast<std::uint64_t>(now.tv_sec) << 30);
  // Through the masks of another key: of the bytes themselves, which the stack protector uses too, code shows nothing.
  const BlindingKey hidden{true, halves[0] ^ reinterpret_cast<std::uintptr_t>(&now)};
  return hidden.mask(halves[1] ^ nanoseconds);
}

}  // namespace

BlindingKey make_blinding_key() noexcept {
  BlindingKey key{.all = true};
  if (::getrandom(&key.value, sizeof key.value, GRND_NONBLOCK) != sizeof key.value) key.value = own_bytes();
  return key;
}

}  // namespace callgate::jit
