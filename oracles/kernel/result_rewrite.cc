#include "oracles/kernel/result_rewrite.h"

#include "bpf/opcode.h"
#include "callgate/action.hpp"

namespace callgate::kernel {
namespace {

using bpf::Opcode;

constexpr Insn insn(Opcode op, std::uint32_t k = 0) { return {static_cast<std::uint16_t>(op), 0, 0, k}; }

}  // namespace

const Carrier errno_carrier = {12, 3, insn(Opcode::or_k, action::errno_)};
const Carrier length_carrier = {6, 6, insn(Opcode::add_k, 1)};

// For values of fewer bits than the constant's lowest one, OR is an addition as well.
std::optional<std::vector<Insn>> returning_part(std::span<const Insn> program, std::uint32_t part,
                                                const Carrier& carrier) {
  const std::uint32_t mask = (1u << carrier.bits) - 1;
  const std::uint32_t shift = carrier.bits * part;
  std::vector<Insn> filter(program.begin(), program.end());
  bool needs_tail = false;
  for (std::size_t pc = 0; pc < filter.size(); ++pc) {
    Insn& in = filter[pc];
    if (bpf::opcode_of(in) == Opcode::ret_k) {
      in.k = (in.k >> shift & mask) + carrier.finish.k;
    } else if (bpf::opcode_of(in) == Opcode::ret_a) {
      in = insn(Opcode::ja, static_cast<std::uint32_t>(filter.size() - pc - 1));
      needs_tail = true;
    }
  }
  if (!needs_tail) return filter;
  if (filter.size() + tail_length > max_program_length) return std::nullopt;
  for (const Insn& in : {insn(Opcode::rsh_k, shift), insn(Opcode::and_k, mask), carrier.finish, insn(Opcode::ret_a)}) {
    filter.push_back(in);
  }
  return filter;
}

}  // namespace callgate::kernel
