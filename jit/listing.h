// The assembler that writes text: the operations that the generator asks for, independent of any assembler library.
#pragma once

#include <string>

#include "callgate/options.hpp"
#include "jit/assembler.h"
#include "jit/block.h"
#include "jit/layout.h"

namespace callgate::jit {

// The code of a flow in Intel syntax, one instruction a line, labels as "L3:".
std::string listing(const Flow& flow, const Layout& layout, const InputMap& input, Target target);

}  // namespace callgate::jit
