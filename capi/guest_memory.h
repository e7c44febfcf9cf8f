// The memory of a task that calls seccomp(2), emulated: its pointers and its byte order.
#pragma once

#include <cstddef>
#include <cstdint>

#include "callgate/callgate.h"
#include "callgate/insn.hpp"

namespace callgate::capi {

// A value of the task's byte order.
template <class T>
constexpr T swapped(T value) noexcept {
  T result = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    result = static_cast<T>(result << 8 | (value & 0xff));
    value = static_cast<T>(value >> 8);
  }
  return result;
}

class GuestMemory {
 public:
  explicit GuestMemory(const callgate_seccomp_args& args) noexcept : args_(args) {}

  bool read(void* to, std::uint64_t address, std::size_t bytes) const noexcept {
    return args_.read != nullptr && args_.read(args_.context, to, address, bytes) == 0;
  }
  bool write(std::uint64_t address, const void* from, std::size_t bytes) const noexcept {
    return args_.write != nullptr && args_.write(args_.context, address, from, bytes) == 0;
  }

  template <class T>
  T value(T raw) const noexcept {
    return args_.swap_bytes != 0 ? swapped(raw) : raw;
  }
  Insn value(const Insn& raw) const noexcept { return {value(raw.code), raw.jt, raw.jf, value(raw.k)}; }

  std::size_t pointer_size() const noexcept { return args_.pointer_size != 0 ? args_.pointer_size : sizeof(void*); }

 private:
  const callgate_seccomp_args& args_;
};

}  // namespace callgate::capi
