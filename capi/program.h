// A Program as C has it: counted, behind a pointer.
#pragma once

#include <cstdint>

#include "callgate/callgate.h"
#include "callgate/program.hpp"
#include "verifier/reference_count.h"

struct callgate_program {
  explicit callgate_program(callgate::Program verified) noexcept : program(std::move(verified)) {}

  mutable callgate::detail::ReferenceCount references;
  callgate::Program program;
};
