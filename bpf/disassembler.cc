#include "bpf/disassembler.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "bpf/names.h"
#include "bpf/opcode.h"
#include "bpf/paths.h"
#include "bpf/spelling.h"
#include "bpf/syscalls.h"
#include "bpf/text.h"
#include "callgate/action.hpp"

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
      const PathFacts* const facts = walk_.enter();
      std::string line = is_target_[pc] ? label(pc) + ": " : "";
      pad(line, instruction_column);
      line += instruction(pc, facts);
      if (options_.annotate) comment(line, pc, facts);
      out += line + "\n";
      const Targets targets = targets_of(program_[pc], pc);
      walk_.leave(program_[pc], targets.taken, targets.not_taken);
    }
    return out;
  }

 private:
  static constexpr std::size_t instruction_column = 8;
  static constexpr std::size_t comment_column = 39;

  static void pad(std::string& line, std::size_t column) { line.resize(std::max(line.size(), column), ' '); }

  void comment(std::string& line, std::size_t pc, const PathFacts* facts) const {
    const Insn& insn = program_[pc];
    const OpcodeInfo* info = find_opcode(insn.code);
    if (options_.names_in_place && info != nullptr && !is_raw(pc) && !name_in_place(*info, insn, facts).empty()) return;
    std::string note = info == nullptr ? "not an instruction of seccomp" : annotation(*info, insn, facts);
    if (info != nullptr && is_raw(pc)) note = note.empty() ? info->mnemonic : info->mnemonic + (" " + note);
    if (note.empty()) return;
    pad(line, comment_column);
    line += " ; " + note;
  }

  bool is_raw(std::size_t pc) const noexcept {
    return spelling(program_[pc]) == nullptr || is_beyond(targets_of(program_[pc], pc), program_.size());
  }
  bool falls_through(std::size_t pc) const noexcept { return program_[pc].jf == 0; }

  std::string instruction(std::size_t pc, const PathFacts* facts) const {
    const Insn& insn = program_[pc];
    if (is_raw(pc)) return raw(insn);
    const OpcodeInfo& info = *spelling(insn);
    const Targets targets = targets_of(insn, pc);
    const std::string name = options_.names_in_place ? name_in_place(info, insn, facts) : "";
    std::string text = info.mnemonic + (name.empty() ? operand(info.form, insn) : " " + name);
    if (info.form == Form::jump) return text + " " + label(*targets.taken);
    if (targets.taken) text += ", " + label(*targets.taken);
    if (targets.not_taken && !falls_through(pc)) text += ", " + label(*targets.not_taken);
    return text;
  }

  // What the instruction's constant means on the paths that lead here.
  std::string annotation(const OpcodeInfo& info, const Insn& insn, const PathFacts* facts) const {
    switch (info.opcode) {
      case Opcode::ld_abs:
        return insn.k >= sizeof(SeccompData) || insn.k % 4 != 0 ? "outside seccomp_data"
                                                                : std::string(field_name(insn.k));
      case Opcode::ret_k: return result_text(insn.k);
      case Opcode::jeq_k:
      case Opcode::jgt_k:
      case Opcode::jge_k:
      case Opcode::jset_k: return facts == nullptr ? "" : compared(info.opcode, insn.k, *facts);
      default: return {};
    }
  }

  static std::string result_text(std::uint32_t result) {
    std::string text = result_name(result);
    const std::string_view error = action_of(result) == action::errno_ ? errno_name(data_of(result)) : "";
    return error.empty() ? text : text + " " + std::string(error);
  }

  std::string compared(Opcode opcode, std::uint32_t k, const PathFacts& facts) const {
    if (facts.loaded() == offsetof(SeccompData, arch) && opcode != Opcode::jset_k) return std::string(arch_name(k));
    if (facts.loaded() != offsetof(SeccompData, nr)) return {};
    if (facts.may_be(arch::x86_64)) {  // the numbers of x32 are those from this bit on
      if (opcode == Opcode::jge_k && k == arch::x32_bit) return "x32 calls";
      if (opcode == Opcode::jgt_k && k == arch::x32_bit - 1) return "x32 calls";
      if (opcode == Opcode::jset_k && k == arch::x32_bit) return "x32 calls";
    }
    return opcode == Opcode::jset_k || !options_.syscall_name ? "" : calls_named(k, facts);
  }

  // "read" if it is that on all architectures that lead here, else "read (x86_64), restart_syscall (i386)".
  std::string calls_named(std::uint32_t nr, const PathFacts& facts) const {
    const auto arches = facts.arches_of_numbers();
    if (!facts.arches() && arches.size() <= 1) {
      const std::string name = arches.empty() ? "" : options_.syscall_name(nr, 0);
      return name.empty() || (nr & arch::x32_bit) == 0 ? name : name + " (x32)";
    }
    std::string all;
    std::string first;
    bool is_one = true;
    for (const std::uint32_t value : arches) {
      const std::string name = options_.syscall_name(nr, value);
      if (name.empty()) continue;
      if (first.empty()) first = name;
      is_one = is_one && name == first;
      const bool is_x32 = value == arch::x86_64 && (nr & arch::x32_bit) != 0;
      all += (all.empty() ? "" : ", ") + name + " (" + (is_x32 ? "x32" : std::string(arch_name(value))) + ")";
    }
    return is_one && (nr & arch::x32_bit) == 0 ? first : all;
  }

  // What stands for the operand instead of its number; empty if it has no name that the assembler reads as that number.
  std::string name_in_place(const OpcodeInfo& info, const Insn& insn, const PathFacts* facts) const {
    switch (info.opcode) {
      case Opcode::ld_abs:
        return insn.k >= sizeof(SeccompData) || insn.k % 4 != 0 ? "" : "[" + std::string(field_name(insn.k)) + "]";
      case Opcode::ret_k: return "#" + constant_name(insn.k);
      case Opcode::jeq_k: break;
      default: return {};
    }
    if (facts == nullptr) return {};
    if (facts->loaded() == offsetof(SeccompData, arch) && !arch_name(insn.k).empty()) {
      std::string name = "#AUDIT_ARCH_";
      for (const char c : arch_name(insn.k)) name += upper(c);
      return name;
    }
    if (facts->loaded() != offsetof(SeccompData, nr)) return {};
    const auto arch = facts->arch_of_numbers();
    const std::string_view name = arch ? bpf::syscall_name(insn.k, *arch) : std::string_view();
    if (name.empty()) return {};
    return ((insn.k & arch::x32_bit) != 0 ? "#x32." : "#") + std::string(name);
  }

  static std::string constant_name(std::uint32_t result) {
    const std::string_view error = action_of(result) == action::errno_ ? errno_name(data_of(result)) : "";
    return error.empty() ? result_name(result) : "ERRNO(" + std::string(error) + ")";
  }

  std::span<const Insn> program_;
  const DisassemblyOptions& options_;
  std::vector<bool> is_target_;
  PathWalk walk_;
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
