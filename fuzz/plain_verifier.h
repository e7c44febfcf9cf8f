// The kernel's rules once more, written down without regard for speed or messages: a second opinion on the verifier.
#pragma once

#include <span>

#include "callgate/insn.hpp"

namespace callgate::fuzz {

// Whether seccomp(2) accepts the filter. Source: bpf_check_classic() and check_load_and_stores() in net/core/filter.c,
// seccomp_check_filter() in kernel/seccomp.c.
bool kernel_would_accept(std::span<const Insn> program);

}  // namespace callgate::fuzz
