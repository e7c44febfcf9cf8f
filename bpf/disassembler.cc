#include "bpf/disassembler.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "bpf/names.h"
#include "bpf/opcode.h"
#include "bpf/spelling.h"
#include "bpf/text.h"

namespace callgate::bpf {
namespace {

// The fields that an instruction of this form uses.
struct UsedFields {
  bool k;
  bool jt_jf;
};

constexpr UsedFields used_fields(Form form) noexcept {
  switch (form) {
    case Form::none:
    case Form::x:
    case Form::a:
    case Form::len: return {false, false};
    case Form::imm:
    case Form::abs:
    case Form::scratch:
    case Form::jump:
    case Form::ind:
    case Form::msh: return {true, false};
    case Form::branch_imm: return {true, true};
    case Form::branch_x: return {false, true};
  }
  return {false, false};
}

// The table's entry if mnemonic and operands say all that there is in the instruction, else null.
const OpcodeInfo* spelling(const Insn& insn) noexcept {
  const OpcodeInfo* info = spelling_of(insn.code);
  if (info == nullptr) return nullptr;
  const UsedFields used = used_fields(info->form);
  if ((!used.k && insn.k != 0) || (!used.jt_jf && (insn.jt != 0 || insn.jf != 0))) return nullptr;
  return info;
}

std::string raw(const Insn& insn) {
  return ".insn " + hex(insn.code) + ", " + std::to_string(insn.jt) + ", " + std::to_string(insn.jf) + ", " +
         hex(insn.k);
}

// Indices of the instructions that a jump can go to. Other instructions have none.
struct Targets {
  std::optional<std::uint64_t> taken;
  std::optional<std::uint64_t> not_taken;
};

Targets targets_of(const Insn& insn, std::size_t pc) noexcept {
  const OpcodeInfo* info = find_opcode(insn.code);
  if (info == nullptr) return {};
  const std::uint64_t next = std::uint64_t{pc} + 1;
  if (info->form == Form::jump) return {next + insn.k, std::nullopt};
  if (is_branch(info->form)) return {next + insn.jt, next + insn.jf};
  return {};
}

bool is_beyond(const Targets& targets, std::uint64_t end) noexcept {
  return targets.taken.value_or(0) >= end || targets.not_taken.value_or(0) >= end;
}

std::string operand(Form form, const Insn& insn) {
  switch (form) {
    case Form::none:
    case Form::jump: return {};
    case Form::imm:
    case Form::branch_imm: return " #" + hex(insn.k);
    case Form::x:
    case Form::branch_x: return " x";
    case Form::a: return " a";
    case Form::abs: return " [" + std::to_string(insn.k) + "]";
    case Form::scratch: return " M[" + std::to_string(insn.k) + "]";
    case Form::len: return " len";
    case Form::ind: return " [x+" + std::to_string(insn.k) + "]";
    case Form::msh: return " 4*([" + std::to_string(insn.k) + "]&0xf)";
  }
  return {};
}

std::string label(std::uint64_t index) { return "L" + std::to_string(index); }

class Listing {
 public:
  Listing(std::span<const Insn> program, const DisassemblyOptions& options)
      : program_(program), options_(options), is_target_(program.size()) {
    for (std::size_t pc = 0; pc < program.size(); ++pc) {
      if (is_raw(pc)) continue;
      const Targets targets = targets_of(program[pc], pc);
      if (targets.taken) is_target_[static_cast<std::size_t>(*targets.taken)] = true;
      if (targets.not_taken && !falls_through(pc)) is_target_[static_cast<std::size_t>(*targets.not_taken)] = true;
    }
  }

  std::string text() {
    std::string out;
    for (std::size_t pc = 0; pc < program_.size(); ++pc) {
      std::string line = is_target_[pc] ? label(pc) + ": " : "";
      pad(line, instruction_column);
      line += instruction(pc);
      if (options_.annotate) comment(line, pc);
      out += line + "\n";
    }
    return out;
  }

 private:
  static constexpr std::size_t instruction_column = 8;
  static constexpr std::size_t comment_column = 39;

  static void pad(std::string& line, std::size_t column) { line.resize(std::max(line.size(), column), ' '); }

  void comment(std::string& line, std::size_t pc) {
    const OpcodeInfo* info = find_opcode(program_[pc].code);
    std::string note = info == nullptr ? refused() : annotation(*info, program_[pc]);
    if (info != nullptr && is_raw(pc)) note = note.empty() ? info->mnemonic : info->mnemonic + (" " + note);
    if (note.empty()) return;
    pad(line, comment_column);
    line += " ; " + note;
  }

  bool is_raw(std::size_t pc) const noexcept {
    return spelling(program_[pc]) == nullptr || is_beyond(targets_of(program_[pc], pc), program_.size());
  }
  bool falls_through(std::size_t pc) const noexcept { return program_[pc].jf == 0; }

  std::string instruction(std::size_t pc) const {
    const Insn& insn = program_[pc];
    if (is_raw(pc)) return raw(insn);
    const OpcodeInfo& info = *spelling(insn);
    const Targets targets = targets_of(insn, pc);
    std::string text = info.mnemonic + operand(info.form, insn);
    if (info.form == Form::jump) return text + " " + label(*targets.taken);
    if (targets.taken) text += ", " + label(*targets.taken);
    if (targets.not_taken && !falls_through(pc)) text += ", " + label(*targets.not_taken);
    return text;
  }

  // Follows what A holds, in the order of the text, and says what the instruction's constant means.
  std::string annotation(const OpcodeInfo& info, const Insn& insn) {
    switch (info.opcode) {
      case Opcode::ld_abs:
        loaded_.reset();
        if (insn.k >= sizeof(SeccompData) || insn.k % 4 != 0) return "outside seccomp_data";
        loaded_ = insn.k;
        return std::string(field_name(insn.k));
      case Opcode::ret_k: return result_name(insn.k);
      case Opcode::jeq_k:
      case Opcode::jgt_k:
      case Opcode::jge_k: return compared(insn.k);
      case Opcode::ldx_imm:
      case Opcode::ldx_mem:
      case Opcode::ldx_len:
      case Opcode::st:
      case Opcode::stx:
      case Opcode::tax:
      case Opcode::ret_a: return {};
      default:
        if (info.form != Form::jump && !is_branch(info.form)) loaded_.reset();
        return {};
    }
  }

  std::string refused() {
    loaded_.reset();
    return "not an instruction of seccomp";
  }

  std::string compared(std::uint32_t k) {
    if (loaded_ == offsetof(SeccompData, arch)) {
      arch_ = k;
      return std::string(arch_name(k));
    }
    if (loaded_ == offsetof(SeccompData, nr) && options_.syscall_name) return options_.syscall_name(k, arch_);
    return {};
  }

  std::span<const Insn> program_;
  const DisassemblyOptions& options_;
  std::vector<bool> is_target_;
  std::optional<std::uint32_t> loaded_;  // offset of the word that A holds, if it holds one
  std::uint32_t arch_ = 0;
};

}  // namespace

std::string disassemble(const Insn& insn, std::uint32_t pc) {
  const OpcodeInfo* info = spelling(insn);
  const Targets targets = targets_of(insn, pc);
  if (info == nullptr || is_beyond(targets, std::uint64_t{1} << 32)) return raw(insn);
  std::string text = info->mnemonic + operand(info->form, insn);
  if (targets.taken) text += (info->form == Form::jump ? " " : ", ") + std::to_string(*targets.taken);
  if (targets.not_taken) text += ", " + std::to_string(*targets.not_taken);
  return text;
}

std::string disassemble(std::span<const Insn> program, const DisassemblyOptions& options) {
  return Listing(program, options).text();
}

}  // namespace callgate::bpf
