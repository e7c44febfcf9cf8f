// Instructions that decisions take: a figure that repeats exactly, however busy the machine is.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

namespace callgate::bench {

// The machine instructions that this thread executes in `work`, system calls counted as one; some constant few of them
// are those around it. Single-steps with the trap flag, so it needs no counter of the processor's, no privilege and no
// second process, and takes from one to some ten microseconds an instruction. Empty where that does not work: not an
// x86, or under a tool such as valgrind. `work` must neither block SIGTRAP nor wait for other threads. Other threads
// must not call this at the same time.
std::optional<std::uint64_t> count_instructions(const std::function<void()>& work);

}  // namespace callgate::bench
