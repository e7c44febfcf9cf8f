// The check behind callgate::verify(), for callers that want a verdict and no Program.
#pragma once

#include <optional>
#include <span>

#include "callgate/insn.hpp"
#include "callgate/program.hpp"

namespace callgate::verifier {

// The first violation in program order, or nothing if seccomp(2) accepts the filter. Allocates nothing.
std::optional<VerifyError> check(std::span<const Insn> program) noexcept;

}  // namespace callgate::verifier
