// How long and from where the random tests run. Tests may read the environment; the library never does.
#pragma once

#include <cstdint>

namespace callgate::kernel {

std::uint64_t seed();           // CALLGATE_SEED, default 1
std::uint32_t program_count();  // CALLGATE_KERNEL_PROGRAMS: programs whose verdicts are compared, default 100000

}  // namespace callgate::kernel
