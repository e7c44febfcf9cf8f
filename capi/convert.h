// The C API's values as those of C++, and back.
#pragma once

#include <cstdint>

#include "callgate/callgate.h"
#include "callgate/chain.hpp"
#include "callgate/options.hpp"
#include "capi/report.h"
#include "capi/sized_struct.h"

namespace callgate::capi {

template <>
inline constexpr std::uint32_t min_size<callgate_options> = CALLGATE_OPTIONS_MIN_SIZE;

static_assert(sizeof(callgate_insn) == sizeof(Insn) && sizeof(callgate_data) == sizeof(SeccompData));

inline const Insn* cast(const callgate_insn* insn) noexcept { return reinterpret_cast<const Insn*>(insn); }
inline const SeccompData& cast(const callgate_data& data) noexcept {
  return reinterpret_cast<const SeccompData&>(data);
}

constexpr bool is_engine(std::uint32_t engine) noexcept { return engine <= CALLGATE_ENGINE_ASMJIT; }
constexpr bool is_target(std::uint32_t target) noexcept { return target <= CALLGATE_TARGET_X86_32; }

// The words of a layout whose size is known to be right. False if a field holds no value of its type.
bool to_layout(const callgate_layout& from, InputLayout& to) noexcept;
// All but the size.
callgate_layout of_layout(const InputLayout& from) noexcept;

// All but the layout and what is 0 for a default.
callgate_options of_options(const Options& from) noexcept;

// The options that a caller gave, or null. CALLGATE_OK, or what `report` was told.
int to_options(const callgate_options* from, Options& to, Report& report) noexcept;

}  // namespace callgate::capi
