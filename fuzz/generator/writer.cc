#include "fuzz/generator/writer.h"

#include <algorithm>

#include "fuzz/generator/constants.h"
#include "verifier/verify.h"

namespace callgate::fuzz {

using bpf::Form;
using bpf::Opcode;

std::uint32_t Writer::constant() { return edge_constant(random); }

std::uint32_t Writer::comparand() { return random.chance(40) ? random.below(460) : constant(); }

std::uint32_t Writer::one_or_many_bits() { return random.chance(50) ? 1u << random.below(32) : constant(); }

std::uint32_t Writer::result() {
  const std::uint32_t data = random.chance(50) ? random.word() & data_mask : 0;
  return random.pick(actions) | data;
}

std::uint32_t Writer::distance() {
  const std::uint32_t kind = random.below(20);
  if (kind == 0) return 255;
  if (kind == 1) return std::min<std::uint32_t>(255, room());
  return kind < 5 ? random.below(256) : random.below(6);
}

std::vector<Insn> Writer::finish() {
  program_.back() = random.chance(75) ? insn({Opcode::ret_a}) : insn({Opcode::ret_k, result()});
  cut_jumps();
  repair_scratch();
  return std::move(program_);
}

void Writer::cut_jumps() {
  for (std::uint32_t pc = 0; pc < program_.size(); ++pc) {
    Insn& in = program_[pc];
    const std::uint32_t farthest = length_ - pc - 2;  // not read for the last instruction, which is a return
    const Form form = bpf::find_opcode(in.code)->form;
    if (form == Form::jump) in.k = std::min(in.k, farthest);
    if (!bpf::is_branch(form)) continue;
    in.jt = static_cast<std::uint8_t>(std::min<std::uint32_t>(in.jt, farthest));
    in.jf = static_cast<std::uint8_t>(std::min<std::uint32_t>(in.jf, farthest));
  }
}

void Writer::repair_scratch() {
  while (const auto error = verifier::check(program_)) {
    Insn& in = program_[error->pc];
    in = insn({bpf::opcode_of(in) == Opcode::ld_mem ? Opcode::ld_imm : Opcode::ldx_imm, constant()});
  }
}

}  // namespace callgate::fuzz
