// Filters for tests, written as text. Text that does not assemble, or a program that is not valid, fails the test
// with the message: GoogleTest reports the exception.
#pragma once

#include <ostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bpf/assembler.h"
#include "callgate/program.hpp"

namespace callgate {

// How GoogleTest shows an instruction.
inline void PrintTo(const Insn& insn, std::ostream* out) {
  *out << "{" << insn.code << ", " << unsigned{insn.jt} << ", " << unsigned{insn.jf} << ", " << insn.k << "}";
}

}  // namespace callgate

namespace callgate::test {

inline std::vector<Insn> insns(std::string_view text, bpf::LongJumps long_jumps = bpf::LongJumps::reject) {
  auto assembled = bpf::assemble(text, long_jumps);
  if (!assembled) throw std::invalid_argument("does not assemble: " + to_string(assembled.error()));
  return std::move(*assembled);
}

inline Program program(std::span<const Insn> instructions) {
  auto verified = verify(instructions);
  if (!verified) throw std::invalid_argument("is not valid: " + to_string(verified.error()));
  return std::move(*verified);
}

inline Program program(std::string_view text, bpf::LongJumps long_jumps = bpf::LongJumps::reject) {
  return program(insns(text, long_jumps));
}

}  // namespace callgate::test
