// The check behind callgate::verify(), for callers that want a verdict and no Program.
#pragma once

#include <optional>
#include <span>

#include "bpf/dialect.h"
#include "callgate/insn.hpp"
#include "callgate/program.hpp"

namespace callgate::verifier {

// The first violation in program order, or nothing if the kernel accepts the program for its dialect: seccomp(2) for
// bpf::Seccomp. Allocates nothing.
template <bpf::Dialect D = bpf::Seccomp>
std::optional<VerifyError> check(std::span<const Insn> program) noexcept;

extern template std::optional<VerifyError> check<bpf::Seccomp>(std::span<const Insn> program) noexcept;

}  // namespace callgate::verifier
