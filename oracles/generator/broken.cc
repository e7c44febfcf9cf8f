#include "oracles/generator/broken.h"

#include "bpf/opcode.h"
#include "oracles/generator/constants.h"
#include "oracles/generator/draft.h"

namespace callgate::oracles {
namespace {

using bpf::Opcode;

constexpr VerifyErrc rules[] = {
    VerifyErrc::empty,
    VerifyErrc::too_long,
    VerifyErrc::unknown_opcode,
    VerifyErrc::load_offset,
    VerifyErrc::division_by_zero,
    VerifyErrc::shift_too_large,
    VerifyErrc::scratch_slot,
    VerifyErrc::scratch_uninitialised,
    VerifyErrc::jump_out_of_program,
    VerifyErrc::no_return_at_end,
};

// At least `limit`: the limit itself, near it, or anything above.
std::uint32_t past(Random& random, std::uint32_t limit) {
  const std::uint32_t kind = random.below(4);
  if (kind == 0) return random.between(limit, 0xffffffff - random.below(2));
  return kind == 1 ? 0xffffffff - random.below(3) : limit + random.below(kind);
}

std::uint32_t bad_offset(Random& random) {
  return random.chance(50) ? past(random, sizeof(SeccompData)) : 4 * random.below(16) + random.between(1, 3);
}

// The sets of slots that are written when the kernel's pass comes by each instruction.
std::vector<std::uint16_t> written_slots(const std::vector<Insn>& program) {
  std::vector<std::uint16_t> at(program.size(), 0xffff);
  std::uint16_t written = 0;
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const Insn& in = program[pc];
    written = at[pc] &= written;
    const auto arrive = [&](std::size_t away) { at[pc + 1 + away] &= written; };
    const bpf::Form form = bpf::find_opcode(in.code)->form;
    if (in.code == static_cast<std::uint16_t>(Opcode::st) || in.code == static_cast<std::uint16_t>(Opcode::stx)) {
      written = static_cast<std::uint16_t>(written | 1u << in.k);
    } else if (form == bpf::Form::jump) {
      arrive(in.k);
      written = 0xffff;
    } else if (bpf::is_branch(form)) {
      arrive(in.jt);
      arrive(in.jf);
      written = 0xffff;
    }
  }
  return at;
}

// A load of a slot that is not written, at an instruction where there is one: the first has all sixteen.
void read_unwritten(Random& random, Broken& broken) {
  const auto written = written_slots(broken.program);
  if (written[broken.pc] == 0xffff) broken.pc = 0;
  std::uint32_t slot = random.below(scratch_slots);
  while ((written[broken.pc] >> slot & 1) != 0) slot = (slot + 1) % scratch_slots;
  broken.program[broken.pc] = insn({random.chance(50) ? Opcode::ld_mem : Opcode::ldx_mem, slot});
}

// `behind` instructions follow, so that a distance of `behind` is the first that leaves.
Insn leaving_jump(Random& random, std::uint32_t behind) {
  constexpr Opcode branches[] = {Opcode::jeq_k, Opcode::jgt_k, Opcode::jge_k, Opcode::jset_k,
                                 Opcode::jeq_x, Opcode::jgt_x, Opcode::jge_x, Opcode::jset_x};
  if (behind > 255 || random.chance(25)) return insn({Opcode::ja, past(random, behind)});
  const std::uint32_t far = random.chance(60) ? behind : random.between(behind, 255);
  const std::uint32_t near = random.below(behind + 1);
  const bool taken = random.chance(50);
  return insn({random.pick(branches), edge_constant(random), taken ? far : near, taken ? near : far});
}

void break_instruction(Random& random, Broken& broken) {
  Insn& in = broken.program[broken.pc];
  const auto behind = static_cast<std::uint32_t>(broken.program.size()) - broken.pc - 1;
  switch (broken.rule) {
    case VerifyErrc::unknown_opcode: in.code = random.pick(refused_codes); break;
    case VerifyErrc::load_offset: in = insn({Opcode::ld_abs, bad_offset(random)}); break;
    case VerifyErrc::division_by_zero: in = insn({Opcode::div_k, 0}); break;
    case VerifyErrc::shift_too_large:
      in = insn({random.chance(50) ? Opcode::lsh_k : Opcode::rsh_k, past(random, 32)});
      break;
    case VerifyErrc::scratch_slot: {
      constexpr Opcode ops[] = {Opcode::st, Opcode::stx, Opcode::ld_mem, Opcode::ldx_mem};
      in = insn({random.pick(ops), past(random, scratch_slots)});
      break;
    }
    case VerifyErrc::scratch_uninitialised: read_unwritten(random, broken); break;
    default: in = leaving_jump(random, behind); break;
  }
}

}  // namespace

Broken break_a_rule(Random& random, const std::vector<Insn>& valid) {
  Broken broken{valid, random.pick(rules), 0};
  const auto size = static_cast<std::uint32_t>(valid.size());
  switch (broken.rule) {
    case VerifyErrc::empty: broken.program.clear(); break;
    case VerifyErrc::too_long:
      broken.program.resize(max_program_length + random.between(1, 3), insn({Opcode::ret_k}));
      broken.pc = max_program_length;
      break;
    case VerifyErrc::no_return_at_end:
      broken.pc = size - 1;
      broken.program.back() = insn({random.chance(50) ? Opcode::tax : Opcode::ld_abs});
      break;
    default:
      broken.pc = random.below(size);
      break_instruction(random, broken);
      break;
  }
  return broken;
}

}  // namespace callgate::oracles
