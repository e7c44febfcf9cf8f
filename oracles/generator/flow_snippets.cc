#include "oracles/generator/snippets.h"

namespace callgate::oracles {
namespace {

using bpf::Opcode;

constexpr Opcode branches_k[] = {Opcode::jeq_k, Opcode::jgt_k, Opcode::jge_k, Opcode::jset_k};
constexpr Opcode branches_x[] = {Opcode::jeq_x, Opcode::jgt_x, Opcode::jge_x, Opcode::jset_x};

void branch_constant(Writer& w) { w.add({w.random.pick(branches_k), w.comparand(), w.distance(), w.distance()}); }
void branch_register(Writer& w) { w.add({w.random.pick(branches_x), 0, w.distance(), w.distance()}); }
void test_bits(Writer& w) { w.add({Opcode::jset_k, w.one_or_many_bits(), w.distance(), w.distance()}); }

void jump(Writer& w) { w.add({Opcode::ja, w.random.chance(90) ? w.random.below(4) : w.random.below(w.room() + 1)}); }

std::uint32_t far_or(Writer& w, std::uint32_t near) { return w.random.chance(50) ? 255 : near; }
void far_jump(Writer& w) { w.add({w.random.pick(branches_k), w.comparand(), far_or(w, 0), far_or(w, 1)}); }

// Two sides with one target, and a branch to the next instruction.
void idle_branch(Writer& w) {
  const std::uint32_t both = w.distance();
  w.add({w.random.chance(50) ? w.random.pick(branches_k) : w.random.pick(branches_x), w.comparand(), both, both});
}

// A branch that the ones before decide, for those who keep track: the same question again, or a weaker one.
void decided_branch(Writer& w) {
  const std::uint32_t k = w.comparand();
  Label out;
  w.branch({w.random.pick(branches_k), k}, nullptr, &out);
  if (w.random.chance(30)) alu_constant(w);
  const std::uint32_t again = w.random.chance(60) ? k : w.random.chance(50) ? k - 1 : k + 1;
  w.add({w.random.pick(branches_k), again, w.random.below(3), w.random.below(3)});
  alu_constant(w);
  w.place(out);
}

// Arms of a length around the reach of short jumps in machine code.
void long_arm(Writer& w) {
  const std::uint32_t instructions = w.random.between(12, 48);
  w.add({w.random.pick(branches_k), w.comparand(), w.random.chance(50) ? instructions : 0, instructions - 1});
  for (std::uint32_t left = instructions; left > 0; --left) alu_constant(w);
}

void guarded_return(Writer& w) {
  w.add({w.random.pick(branches_k), w.comparand(), w.random.below(2), w.random.below(2)});
  leave(w);
}

// Instructions that no path reaches.
void dead_code(Writer& w) {
  constexpr Snippet fillers[] = {load, alu_constant, scratch, leave};
  const std::uint32_t skipped = w.random.between(1, 5);
  w.add({Opcode::ja, skipped});
  for (std::uint32_t i = 0; i < skipped; ++i) w.random.pick(fillers)(w);
}

void arm(Writer& w, std::uint32_t depth) {
  if (depth > 0) {
    Label yes;
    Label out;
    w.branch({w.random.chance(70) ? w.random.pick(branches_k) : w.random.pick(branches_x), w.comparand()}, &yes,
             nullptr);
    arm(w, depth - 1);
    w.jump(out);
    w.place(yes);
    arm(w, depth - 1);
    w.place(out);
  }
  w.random.chance(50) ? alu_constant(w) : scratch(w);
}

constexpr Snippet snippets[] = {branch_constant, branch_register, test_bits,      jump,
                                far_jump,        idle_branch,     decided_branch, long_arm,
                                diamond,         guarded_return,  dead_code,      nested_diamonds};

}  // namespace

std::span<const Snippet> flow_snippets() { return snippets; }

void leave(Writer& w) {
  if (w.random.chance(30)) return w.add({Opcode::ret_a});
  w.add({Opcode::ret_k, w.result()});
}

void diamond(Writer& w) {
  const std::uint32_t s = w.slot();
  w.add({w.random.chance(60) ? Opcode::jgt_k : Opcode::jset_x, w.comparand(), 0, 3});
  w.add({Opcode::ld_imm, w.constant()});
  w.add({Opcode::st, s});
  w.add({Opcode::ja, 2});
  w.add({w.random.chance(50) ? Opcode::tax : Opcode::ldx_imm, w.constant()});
  w.add({Opcode::stx, s});
  if (w.random.chance(70)) w.add({w.random.chance(50) ? Opcode::ld_mem : Opcode::ldx_mem, s});
}

void nested_diamonds(Writer& w) { arm(w, w.random.between(1, 4)); }

}  // namespace callgate::oracles
