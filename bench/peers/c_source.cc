#include "bench/peers/c_source.h"

#include <fmt/format.h>

#include <set>

#include "bpf/opcode.h"

namespace callgate::bench {
namespace {

using bpf::Opcode;

// The operator of an opcode that has one in C, or null.
const char* operator_of(Opcode opcode) {
  switch (opcode) {
    case Opcode::add_k:
    case Opcode::add_x: return "+";
    case Opcode::sub_k:
    case Opcode::sub_x: return "-";
    case Opcode::mul_k:
    case Opcode::mul_x: return "*";
    case Opcode::div_k:
    case Opcode::div_x: return "/";
    case Opcode::or_k:
    case Opcode::or_x: return "|";
    case Opcode::and_k:
    case Opcode::and_x: return "&";
    case Opcode::xor_k:
    case Opcode::xor_x: return "^";
    case Opcode::lsh_k:
    case Opcode::lsh_x: return "<<";
    case Opcode::rsh_k:
    case Opcode::rsh_x: return ">>";
    case Opcode::jeq_k:
    case Opcode::jeq_x: return "==";
    case Opcode::jgt_k:
    case Opcode::jgt_x: return ">";
    case Opcode::jge_k:
    case Opcode::jge_x: return ">=";
    case Opcode::jset_k:
    case Opcode::jset_x: return "&";
    default: return nullptr;
  }
}

std::string arithmetic(Opcode opcode, const std::string& operand) {
  const char* sign = operator_of(opcode);
  switch (opcode) {
    case Opcode::div_x: return "if (X == 0) return 0; A /= X;";  // ends the program: KILL_THREAD
    case Opcode::lsh_x:
    case Opcode::rsh_x: return fmt::format("A = A {} (X & 31);", sign);
    default: return fmt::format("A = A {} {};", sign, operand);
  }
}

std::string statement(const Insn& insn, std::size_t at) {
  const Opcode opcode = bpf::opcode_of(insn);
  const std::string k = fmt::format("{}u", insn.k);
  switch (opcode) {
    case Opcode::ld_imm: return fmt::format("A = {};", k);
    case Opcode::ld_abs: return fmt::format("A = words[{}];", insn.k / 4);
    case Opcode::ld_len: return "A = 64;";
    case Opcode::ld_mem: return fmt::format("A = M[{}];", insn.k);
    case Opcode::ldx_imm: return fmt::format("X = {};", k);
    case Opcode::ldx_len: return "X = 64;";
    case Opcode::ldx_mem: return fmt::format("X = M[{}];", insn.k);
    case Opcode::st: return fmt::format("M[{}] = A;", insn.k);
    case Opcode::stx: return fmt::format("M[{}] = X;", insn.k);
    case Opcode::tax: return "X = A;";
    case Opcode::txa: return "A = X;";
    case Opcode::neg: return "A = 0u - A;";
    case Opcode::ret_k: return fmt::format("return {};", k);
    case Opcode::ret_a: return "return A;";
    case Opcode::ja: return fmt::format("goto L{};", at + 1 + insn.k);
    default: break;
  }
  const bpf::Form form = bpf::find_opcode(insn.code)->form;
  const std::string operand = form == bpf::Form::branch_x || form == bpf::Form::x ? "X" : k;
  if (!bpf::is_branch(form)) return arithmetic(opcode, operand);
  return fmt::format("if (A {} {}) goto L{}; else goto L{};", operator_of(opcode), operand, at + 1 + insn.jt,
                     at + 1 + insn.jf);
}

std::set<std::size_t> jump_targets(std::span<const Insn> program) {
  std::set<std::size_t> targets;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const Insn& insn = program[at];
    if (bpf::opcode_of(insn) == Opcode::ja) targets.insert(at + 1 + insn.k);
    if (!bpf::is_branch(bpf::find_opcode(insn.code)->form)) continue;
    targets.insert(at + 1 + insn.jt);
    targets.insert(at + 1 + insn.jf);
  }
  return targets;
}

std::string body(std::span<const Insn> program) {
  const std::set<std::size_t> targets = jump_targets(program);
  std::string text = "  uint32_t A = 0, X = 0, M[16] = {0};\n";
  for (std::size_t at = 0; at < program.size(); ++at) {
    if (targets.contains(at)) text += fmt::format("L{}:\n", at);
    text += "  " + statement(program[at], at) + "\n";
  }
  return text;
}

}  // namespace

std::string c_source(std::span<const Program> oldest_first) {
  std::string text = "#include <stdint.h>\n";
  std::string chain = "uint32_t chain(const uint32_t *words) {\n  uint32_t result;\n";
  for (std::size_t i = oldest_first.size(); i-- > 0;) {
    text += fmt::format(
        "static inline __attribute__((always_inline)) uint32_t inlined_{0}(const uint32_t *words) {{\n{1}}}\n"
        "uint32_t filter_{0}(const uint32_t *words) {{ return inlined_{0}(words); }}\n",
        i, body(oldest_first[i].instructions()));
    chain +=
        fmt::format("  result = inlined_{}(words);\n  if ((result & 0xffff0000u) != 0x7fff0000u) return result;\n", i);
  }
  return text + chain + "  return 0x7fff0000u;\n}\n";
}

}  // namespace callgate::bench
