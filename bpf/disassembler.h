// Instructions to text that bpf/assembler.h reads back to the same instructions.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "callgate/insn.hpp"

namespace callgate::bpf {

// One instruction as text without labels: jump targets are absolute instruction indices ("jeq #0x3b, 4, 7"). What
// has no other spelling is shown as ".insn 0x.., jt, jf, 0x...": an opcode that nobody accepts, a field
// that the instruction ignores and that is not 0, a target beyond the 32-bit indices.
std::string disassemble(const Insn& insn, std::uint32_t pc);

struct DisassemblyOptions {
  // Comments: fields of seccomp_data, names of architectures and actions.
  bool annotate = true;

  // Names a system call (one word) or gives an empty string; null for no such comments. What it is asked about is a
  // hint, taken from the order of the text and not from the paths through it: a constant is a number if the last
  // value that A got was nr, and it belongs to the architecture that was last compared (0 before any).
  std::function<std::string(std::uint32_t nr, std::uint32_t arch)> syscall_name = nullptr;
};

// A whole program with labels at the targets of jumps. assemble() gives back the same bytes. A jump that leaves the
// program is shown as .insn.
std::string disassemble(std::span<const Insn> program, const DisassemblyOptions& options = {});

}  // namespace callgate::bpf
