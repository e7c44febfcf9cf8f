// Which of A, X and the scratch slots a program may still read, at each instruction.
#pragma once

#include <cstdint>
#include <vector>

#include "bpf/opcode.h"
#include "callgate/program.hpp"
#include "ir/graph.h"

namespace callgate::ir {

// A set of a program's variables, one bit each: scratch slot k is bit k.
using Variables = std::uint32_t;
inline constexpr std::uint32_t variable_a = 16;
inline constexpr std::uint32_t variable_x = 17;
inline constexpr std::uint32_t variable_count = 18;

constexpr Variables bit(std::uint32_t variable) { return Variables{1} << variable; }

// What one instruction reads and what it overwrites.
struct Effect {
  Variables reads = 0;
  Variables writes = 0;
};
Effect effect_of(const Insn& insn);

// Indices of the instructions that may follow `pc`; RET has none, branches two (then, otherwise).
struct Successors {
  std::uint32_t count = 0;
  std::uint32_t at[2] = {0, 0};
};
Successors successors_of(const Insn& insn, std::uint32_t pc);

// How a branch compares A with its operand. Of no other instruction.
Compare compare_of(bpf::Opcode branch);

// live[pc]: the variables that some path from pc reads before it writes them.
std::vector<Variables> live_before(const Program& program);

}  // namespace callgate::ir
