// What a function of the C API answers: a code, and the same with more in the caller's callgate_error.
#pragma once

#include <cstddef>
#include <cstdint>

#include "callgate/callgate.h"
#include "callgate/chain.hpp"
#include "callgate/program.hpp"
#include "capi/sized_struct.h"

namespace callgate::capi {

template <>
inline constexpr std::uint32_t min_size<callgate_error> = CALLGATE_ERROR_MIN_SIZE;
static_assert(offsetof(callgate_error, length) == CALLGATE_ERROR_MIN_SIZE);

class Report {
 public:
  // Where to write, or null.
  explicit Report(callgate_error* out) noexcept : out_(out) {}

  // Whether the struct of the caller can be written. The answer is CALLGATE_BAD_SIZE else.
  bool is_usable() const noexcept { return out_ == nullptr || has_sound_size(*out_); }

  int ok() noexcept { return write(empty(CALLGATE_OK)); }
  int misuse(callgate_code code, const char* where) noexcept;
  int out_of_memory() noexcept;
  // `number` is the errno value, or 0.
  int failed(callgate_code code, int number) noexcept;
  // `filter` is an index, or CALLGATE_NONE.
  int refused(const VerifyError& why, std::uint32_t filter) noexcept;
  int refused(const AttachError& why, std::uint32_t filter) noexcept;
  // What one of these wrote, as a copy of the whole struct.
  int write(const callgate_error& error) noexcept;

  static callgate_error empty(callgate_code code) noexcept;

 private:
  callgate_error* out_;
};

// The code of a rule that a filter breaks, and back.
callgate_code code_of(VerifyErrc rule) noexcept;
VerifyErrc rule_of(std::int32_t code) noexcept;

// The code of a fallback.
callgate_code code_of(FallbackReason reason) noexcept;

}  // namespace callgate::capi
