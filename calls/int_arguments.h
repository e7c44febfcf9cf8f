// Which arguments of system calls are ints for which a negative number has a meaning: descriptors, ids, timeouts.
#pragma once

#include <cstdint>
#include <string_view>

namespace callgate::calls {

// Bit i: argument i of the call is such an int. The C library of GNU passes its 32 bits and 0 above them; others extend
// its sign, so that a negative number alone does not tell all 64 bits.
std::uint8_t int_arguments(std::string_view call);

}  // namespace callgate::calls
