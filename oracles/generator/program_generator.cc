#include "oracles/generator/program_generator.h"

#include <algorithm>

#include "bpf/opcode.h"
#include "oracles/generator/constants.h"
#include "oracles/generator/profiles.h"

namespace callgate::oracles {
namespace {

using bpf::Opcode;

void write_with(Random& random, Vocabulary& vocabulary, std::uint32_t length, std::vector<Insn>& program) {
  program.clear();
  program.reserve(length);
  Writer writer(random, vocabulary, program, length);
  write_program(writer);
}

// Changes the constant of one comparison or result; the program stays valid.
void change_a_constant(Random& random, std::vector<Insn>& program) {
  Insn& in = program[random.below(static_cast<std::uint32_t>(program.size()))];
  const bpf::Form form = bpf::find_opcode(in.code)->form;
  const Opcode op = bpf::opcode_of(in);
  const bool has_limit = op == Opcode::div_k || op == Opcode::lsh_k || op == Opcode::rsh_k;
  if ((form == bpf::Form::imm || form == bpf::Form::branch_imm) && !has_limit) in.k = edge_constant(random);
}

}  // namespace

std::uint32_t ProgramGenerator::pick_length(std::uint32_t max_length) {
  const std::uint32_t kind = random_.below(100);
  if (kind == 0) return max_length;
  if (kind < 10) return random_.between(1, max_length);
  return random_.between(1, std::min<std::uint32_t>(max_length, kind < 50 ? 16 : kind < 85 ? 60 : 320));
}

std::vector<Insn> ProgramGenerator::valid(std::uint32_t max_length) {
  std::vector<Insn> program;
  write(pick_length(std::min(max_length, max_program_length)), program);
  return program;
}

void ProgramGenerator::write(std::uint32_t length, std::vector<Insn>& program) {
  Vocabulary vocabulary(random_);
  write_with(random_, vocabulary, length, program);
}

void ProgramGenerator::write_chain(std::uint32_t max_filters, std::uint32_t max_length, bool fixed_length,
                                   std::vector<std::vector<Insn>>& filters) {
  Vocabulary vocabulary(random_);
  filters.resize(random_.between(1, max_filters));
  for (std::size_t i = 0; i < filters.size(); ++i) {
    const std::uint32_t kind = i == 0 ? 99 : random_.below(100);
    if (kind < 10) {
      filters[i] = filters[random_.below(static_cast<std::uint32_t>(i))];
      if (kind < 7) change_a_constant(random_, filters[i]);
    } else {
      write_with(random_, vocabulary, fixed_length ? max_length : pick_length(max_length), filters[i]);
    }
  }
}

}  // namespace callgate::oracles
