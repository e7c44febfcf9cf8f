// The interpreter on the instructions of a Program that lie elsewhere: a chain keeps a copy of them in sealed memory.
#pragma once

#include <cstdint>

#include "bpf/dialect.h"
#include "callgate/insn.hpp"

namespace callgate::interp {

// `program` is a copy of the instructions of a Program; nothing is checked. Same promises as interpret().
template <bpf::Dialect D = bpf::Seccomp>
std::uint32_t run(const Insn* program, const typename D::Input& input) noexcept;

extern template std::uint32_t run<bpf::Seccomp>(const Insn* program, const SeccompData& data) noexcept;

}  // namespace callgate::interp
