#include "tests/kernel/result_rewrite.h"

#include <algorithm>

#include "bpf/opcode.h"
#include "callgate/action.hpp"

namespace callgate::kernel {
namespace {

using bpf::Opcode;

constexpr std::uint32_t bits = 12;  // the kernel caps the data of ERRNO at 4095
constexpr std::uint32_t mask = (1u << bits) - 1;

constexpr Insn insn(Opcode op, std::uint32_t k = 0) { return {static_cast<std::uint16_t>(op), 0, 0, k}; }

}  // namespace

std::optional<std::vector<Insn>> returning_part(std::span<const Insn> program, std::uint32_t part) {
  std::vector<Insn> filter(program.begin(), program.end());
  bool needs_tail = false;
  for (std::size_t pc = 0; pc < filter.size(); ++pc) {
    Insn& in = filter[pc];
    if (bpf::opcode_of(in) == Opcode::ret_k) {
      in.k = action::errno_ | (in.k >> bits * part & mask);
    } else if (bpf::opcode_of(in) == Opcode::ret_a) {
      in = insn(Opcode::ja, static_cast<std::uint32_t>(filter.size() - pc - 1));
      needs_tail = true;
    }
  }
  if (!needs_tail) return filter;
  if (filter.size() + tail_length > max_program_length) return std::nullopt;
  for (const Insn& in : {insn(Opcode::rsh_k, bits * part), insn(Opcode::and_k, mask),
                         insn(Opcode::or_k, action::errno_), insn(Opcode::ret_a)}) {
    filter.push_back(in);
  }
  return filter;
}

std::uint32_t part_from(std::int32_t value, std::uint32_t part) {
  return static_cast<std::uint32_t>(-value) << bits * part;
}

}  // namespace callgate::kernel
