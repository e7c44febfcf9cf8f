#include "oracles/exhaustive/alphabet.h"

#include "bpf/opcode.h"
#include "callgate/action.hpp"

namespace callgate::oracles {
namespace {

using bpf::Form;
using bpf::Opcode;

struct Switches {
  std::vector<std::uint32_t> constants;
  std::vector<std::uint32_t> shifts;
  std::vector<std::uint32_t> offsets;  // of LD ABS
  std::vector<std::uint32_t> slots;
  std::vector<std::uint32_t> results;  // of RET K
};

Switches choices_of(AlphabetSize size) {
  switch (size) {
    case AlphabetSize::tiny: return {{0x80000000}, {1}, {16}, {0}, {action::allow, action::errno_ | 1}};
    case AlphabetSize::small:
      return {{1, 0xffffffff}, {0, 31}, {0, 16, 20}, {0, 15}, {action::allow, action::errno_ | 1}};
    case AlphabetSize::full: break;
  }
  return {
      {0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffff0000, 0xffffff80, 0xffffffff},
      {0, 1, 8, 16, 31},
      {0, 4, 8, 12, 16, 20, 24, 60},
      {0, 1, 15},
      {0, action::allow, action::allow | 0x1234, action::errno_ | 1, action::trap | 0xffff, action::kill_process,
       0x7ffe5eed}};
}

void add(std::vector<Insn>& out, Opcode op, std::uint32_t k, std::uint8_t jt = 0, std::uint8_t jf = 0) {
  out.push_back({static_cast<std::uint16_t>(op), jt, jf, k});
}

void add_all(std::vector<Insn>& out, Opcode op, const std::vector<std::uint32_t>& ks) {
  for (const std::uint32_t k : ks) add(out, op, k);
}

void add_branches(std::vector<Insn>& out, Opcode op, const std::vector<std::uint32_t>& ks) {
  for (const std::uint32_t k : ks) {
    for (const std::uint8_t jt : {std::uint8_t{0}, std::uint8_t{1}}) {
      for (const std::uint8_t jf : {std::uint8_t{0}, std::uint8_t{1}}) add(out, op, k, jt, jf);
    }
  }
}

void add_forms(std::vector<Insn>& out, const bpf::OpcodeInfo& info, const Switches& choices) {
  const Opcode op = info.opcode;
  switch (info.form) {
    case Form::none:
    case Form::x:
    case Form::len: return add(out, op, 0);
    case Form::a: return;  // RET A: see returns
    case Form::ind:
    case Form::msh: return;  // no seccomp filter has them
    case Form::abs: return add_all(out, op, choices.offsets);
    case Form::scratch: return add_all(out, op, choices.slots);
    case Form::jump: return add_all(out, op, {0, 1});
    case Form::branch_imm: return add_branches(out, op, choices.constants);
    case Form::branch_x: return add_branches(out, op, {0});
    case Form::imm: break;
  }
  if (op == Opcode::ret_k) return;
  if (op == Opcode::lsh_k || op == Opcode::rsh_k) return add_all(out, op, choices.shifts);
  for (const std::uint32_t k : choices.constants) {
    if (op != Opcode::div_k || k != 0) add(out, op, k);
  }
}

}  // namespace

Alphabet alphabet_of(AlphabetSize size) {
  const Switches choices = choices_of(size);
  Alphabet alphabet;
  for (const bpf::OpcodeInfo& info : bpf::opcode_table) add_forms(alphabet.all, info, choices);
  add(alphabet.returns, Opcode::ret_a, 0);
  add_all(alphabet.returns, Opcode::ret_k, choices.results);
  alphabet.all.insert(alphabet.all.end(), alphabet.returns.begin(), alphabet.returns.end());
  return alphabet;
}

std::vector<SeccompData> small_program_inputs() {
  constexpr std::uint64_t rubbish = 0xdeadbeef00000000;
  constexpr std::uint32_t pairs[][2] = {{0, 0},
                                        {1, 0},
                                        {0, 1},
                                        {0x7f, 0x80},
                                        {0x80, 0x7f},
                                        {0xffffffff, 1},
                                        {1, 0xffffffff},
                                        {0x80000000, 31},
                                        {31, 32},
                                        {0xffff0000, 33},
                                        {0x10000, 0xffff},
                                        {0x7fffffff, 0x80000000},
                                        {0x80000000, 0x80000000},
                                        {0xffffff80, 0x100},
                                        {0xdeadbeef, 7},
                                        {0x00050001, 0x7fff0000}};
  std::vector<SeccompData> inputs;
  for (const auto& [a, x] : pairs) {
    const auto n = static_cast<std::uint32_t>(inputs.size());
    const std::uint32_t nr = n % 5 == 4 ? 0xffffffff : n % 5 == 3 ? arch::x32_bit | n : n % 3;
    inputs.push_back(
        {nr, n % 3 == 2 ? arch::x86_32 : arch::x86_64, 0x7f0000401000u + n, {rubbish | a, rubbish << 1 | x}});
    inputs.back().args[5] = std::uint64_t{x} << 32;
  }
  return inputs;
}

}  // namespace callgate::oracles
