// interpret(): the interpreter on a Program. Apart from interpret.cc, which the freestanding core compiles as well.
#include "callgate/program.hpp"
#include "callgate/action.hpp"
#include "interp/run.h"

namespace callgate {

std::uint32_t interpret(const Program& program, const SeccompData& data) noexcept {
  const std::span<const Insn> instructions = program.instructions();
  return instructions.empty() ? action::kill_process : interp::run(instructions.data(), data);
}

}  // namespace callgate
