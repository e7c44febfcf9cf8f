// Instructions to text that bpf/assembler.h reads back to the same instructions.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "callgate/insn.hpp"

namespace callgate::bpf {

// One instruction as text without labels: jump targets are absolute instruction indices ("jeq #0x3b, 4, 7"). An
// opcode that seccomp does not accept is shown as ".insn 0x.., jt, jf, 0x...".
std::string disassemble(const Insn& insn, std::uint32_t pc);

struct DisassemblyOptions {
  bool annotate = true;  // comments: fields of seccomp_data, names of system calls, architectures and actions
};

// A whole program with labels at the targets of jumps. assemble() gives back the same bytes.
std::string disassemble(std::span<const Insn> program, const DisassemblyOptions& options = {});

}  // namespace callgate::bpf
