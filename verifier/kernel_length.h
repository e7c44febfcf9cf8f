// How long a filter is for the kernel: what it counts against the limit on a path.
#pragma once

#include <cstdint>
#include <span>

#include "callgate/insn.hpp"

namespace callgate::verifier {

// Instructions of the internal BPF program that bpf_convert_filter() (net/core/filter.c) makes of a valid classic
// one. With net.core.bpf_jit_harden = 2 the kernel's figure grows further; that is not counted here.
std::uint32_t kernel_length(std::span<const Insn> program) noexcept;

}  // namespace callgate::verifier
