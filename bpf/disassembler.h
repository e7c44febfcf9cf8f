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
  // Comments: fields of seccomp_data, names of architectures, actions and errors.
  bool annotate = true;

  // Such names, and those of system calls by bpf/syscalls.h, in place of the numbers, where assemble() makes the same
  // numbers of them.
  bool names_in_place = false;

  // Names a system call (one word) or gives an empty string; null for no such comments. Asked where A holds the
  // number, for each architecture whose calls may get there (bpf/paths.h); 0 stands for the one that a filter is for if
  // it does not tell x86_64 from i386, or has only ruled others out: x86_64.
  std::function<std::string(std::uint32_t nr, std::uint32_t arch)> syscall_name = nullptr;
};

// A whole program with labels at the targets of jumps. assemble() gives back the same bytes. A jump that leaves the
// program is shown as .insn.
std::string disassemble(std::span<const Insn> program, const DisassemblyOptions& options = {});

}  // namespace callgate::bpf
