// The limit on a path of filters, at its exact boundary.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "callgate/chain.hpp"
#include "oracles/kernel/probe_client.h"

namespace callgate::kernel {

// What is compared with the kernel; tests put something wrong in its place.
using KernelLength = std::function<std::uint32_t(const Program&)>;
std::uint32_t counted_length(const Program& program);  // Program::kernel_length()

// With net.core.bpf_jit_harden the kernel's lengths depend on more than the filter: nothing can be compared then.
bool jit_is_hardened();

// Each filter on top of a path that it fills exactly, and on top of one that is an instruction too long for it, in the
// kernel and as a Chain. Nothing, or a report with the smallest filter found. The path is a base, which leaves `room`
// converted instructions, and a filler; a filter needs at most room − 9. Filters must be valid and allow every call.
std::optional<std::string> compare_path_lengths(Probe& probe, std::span<const Filter> filters, std::uint32_t room,
                                                const KernelLength& length = counted_length);

// The same for random filters.
std::optional<std::string> compare_random_path_lengths(Probe& probe, std::uint64_t seed, std::uint32_t count,
                                                       const KernelLength& length = counted_length);

// A filter that allows everything and has `length` instructions in the kernel, 5 (prologue and RET K) or more.
Filter of_kernel_length(std::uint32_t length);

// Attaches the filters in turn: 0, or what seccomp(2) would answer to the first that fails.
std::uint32_t attach_all(Chain& chain, std::span<const Filter> oldest_first);

// On the interpreter: the limit is counted before any code is made.
Chain empty_chain();

}  // namespace callgate::kernel
