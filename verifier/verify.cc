// What a Program is proof of. Each item names the kernel function that demands it (net/core/filter.c and
// kernel/seccomp.c of Linux 6.1) and has a test of the same name in tests/verifier/.
//
//  length                 1 .. 4096 instructions                                seccomp_prepare_filter
//  opcode                 every instruction is one of the 41 of bpf/opcodes.inc bpf_check_classic, seccomp_check_filter
//  load_offset            LD W ABS reads a whole word of struct seccomp_data    seccomp_check_filter
//  division_by_zero       DIV K has k != 0                                      bpf_check_classic
//  shift_too_large        LSH K, RSH K have k < 32                              bpf_check_classic
//  scratch_slot           LD MEM, LDX MEM, ST, STX have k < 16                  bpf_check_classic
//  jump_out_of_program    every jump lands on an instruction of the program     bpf_check_classic
//  no_return_at_end       the last instruction is RET K or RET A                bpf_check_classic
//  scratch_uninitialised  a slot is written before it is read, by one linear    check_load_and_stores
//                         pass (see ScratchCheck)
//
// Jumps only go forward, so a Program ends after at most size() steps. Unreachable instructions are allowed, and
// obey the same rules.
#include "verifier/verify.h"

#include <algorithm>
#include <array>
#include <optional>

#include "bpf/dialect.h"
#include "bpf/opcode.h"

namespace callgate::verifier {
namespace {

using bpf::Opcode;

// The kernel's pass over scratch memory. It is no dataflow analysis, and to accept exactly what the kernel accepts
// we must not be smarter: after a RET the set of written slots flows on into the next instruction, and after a jump
// every slot counts as written until a jump's target says otherwise.
class ScratchCheck {
 public:
  explicit ScratchCheck(std::size_t length) noexcept { std::fill_n(at_target_.begin(), length, all); }

  void enter(std::uint32_t pc) noexcept { written_ &= at_target_[pc]; }
  void write(std::uint32_t slot) noexcept { written_ = static_cast<std::uint16_t>(written_ | (1u << slot)); }
  bool is_written(std::uint32_t slot) const noexcept { return (written_ >> slot & 1u) != 0; }

  void jump(std::uint32_t target) noexcept { at_target_[target] &= written_; }
  void end_of_jump() noexcept { written_ = all; }

 private:
  static constexpr std::uint16_t all = 0xffff;
  std::array<std::uint16_t, max_program_length> at_target_;  // of the program's instructions
  std::uint16_t written_ = 0;
};

template <bpf::Dialect D>
class Verifier {
 public:
  explicit Verifier(std::span<const Insn> program) noexcept : program_(program), scratch_(program.size()) {}

  std::optional<VerifyErrc> run(std::uint32_t& pc) noexcept {
    for (pc = 0; pc < program_.size(); ++pc) {
      scratch_.enter(pc);
      if (const auto error = check(program_[pc], pc)) return error;
    }
    pc = static_cast<std::uint32_t>(program_.size()) - 1;
    const Opcode last = bpf::opcode_of(program_[pc]);
    if (last != Opcode::ret_k && last != Opcode::ret_a) return VerifyErrc::no_return_at_end;
    return std::nullopt;
  }

 private:
  std::optional<VerifyErrc> check(const Insn& insn, std::uint32_t pc) noexcept {
    if (!D::is_opcode(insn.code)) return VerifyErrc::unknown_opcode;
    const Opcode opcode = bpf::opcode_of(insn);
    switch (opcode) {
      case Opcode::ld_abs:
        if (!D::may_load(insn)) return VerifyErrc::load_offset;
        break;
      case Opcode::div_k:
        if (insn.k == 0) return VerifyErrc::division_by_zero;
        break;
      case Opcode::lsh_k:
      case Opcode::rsh_k:
        if (insn.k >= 32) return VerifyErrc::shift_too_large;
        break;
      case Opcode::st:
      case Opcode::stx:
        if (insn.k >= scratch_slots) return VerifyErrc::scratch_slot;
        scratch_.write(insn.k);
        break;
      case Opcode::ld_mem:
      case Opcode::ldx_mem:
        if (insn.k >= scratch_slots) return VerifyErrc::scratch_slot;
        if (!scratch_.is_written(insn.k)) return VerifyErrc::scratch_uninitialised;
        break;
      case Opcode::ja: return check_jump(insn, pc);
      default:
        if (bpf::is_branch(opcode)) return check_branch(insn, pc);
        break;
    }
    return std::nullopt;
  }

  // `behind` instructions follow the jump; k is compared with it unsigned, so that a huge k cannot wrap around.
  std::optional<VerifyErrc> check_jump(const Insn& insn, std::uint32_t pc) noexcept {
    const std::uint32_t behind = static_cast<std::uint32_t>(program_.size()) - pc - 1;
    if (insn.k >= behind) return VerifyErrc::jump_out_of_program;
    scratch_.jump(pc + 1 + insn.k);
    scratch_.end_of_jump();
    return std::nullopt;
  }

  std::optional<VerifyErrc> check_branch(const Insn& insn, std::uint32_t pc) noexcept {
    const std::uint32_t behind = static_cast<std::uint32_t>(program_.size()) - pc - 1;
    if (insn.jt >= behind || insn.jf >= behind) return VerifyErrc::jump_out_of_program;
    scratch_.jump(pc + 1 + insn.jt);
    scratch_.jump(pc + 1 + insn.jf);
    scratch_.end_of_jump();
    return std::nullopt;
  }

  std::span<const Insn> program_;
  ScratchCheck scratch_;
};

}  // namespace

template <bpf::Dialect D>
std::optional<VerifyError> check(std::span<const Insn> program) noexcept {
  constexpr std::size_t max_u32 = 0xffffffff;
  const auto length = static_cast<std::uint32_t>(program.size() < max_u32 ? program.size() : max_u32);
  if (program.empty()) return VerifyError{VerifyErrc::empty, 0, {}, 0};
  if (length > max_program_length) return VerifyError{VerifyErrc::too_long, max_program_length, {}, length};
  std::uint32_t pc = 0;
  if (const auto error = Verifier<D>(program).run(pc)) return VerifyError{*error, pc, program[pc], length};
  return std::nullopt;
}

template std::optional<VerifyError> check<bpf::Seccomp>(std::span<const Insn> program) noexcept;

}  // namespace callgate::verifier
