// From jumps that name their targets to jumps that say how far.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bpf/assembler.h"
#include "callgate/expected.hpp"
#include "callgate/insn.hpp"

namespace callgate::bpf {

// An instruction whose distances are not known yet.
struct Statement {
  Insn insn;
  std::uint32_t line;
  // Indices of statements, greater than the jump's own; they may lie behind the last one. Conditional jumps have
  // both, JA has `taken`, other instructions have neither.
  std::uint64_t taken = 0;
  std::uint64_t not_taken = 0;
};

// The instructions with jt, jf and the k of JA filled in. Takes time linear in the number of statements.
Expected<std::vector<Insn>, TextError> lay_out(std::span<const Statement> statements, LongJumps long_jumps);

}  // namespace callgate::bpf
