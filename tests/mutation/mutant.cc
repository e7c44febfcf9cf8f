#include "tests/mutation/mutant.h"

namespace callgate::mutant {

std::uint32_t active = 0;

}  // namespace callgate::mutant
