// Text to instructions, in the syntax of bpf_asm (tools/bpf in the Linux sources), with labels.
//
//   ld [4]                ; a word of seccomp_data by offset, or by name: ld [arch], ld [args[0].lo]
//   jeq #0xc000003e, native, other      one label: go on with the next instruction otherwise
//   native: ld [nr]
//   jlt x, other          ; jneq, jne, jlt and jle are jeq, jge and jgt with the targets swapped
//   jeq #openat, other    ; a system call's number on the architecture that leads here; also #i386.openat, #x32.openat
//   ret #ALLOW            ; also KILL_PROCESS, KILL_THREAD, KILL, TRAP(n), ERRNO(n or EPERM), USER_NOTIF, TRACE(n), LOG
//   other: ret #0x80000000
//
// Beyond bpf_asm: those names ("ret ALLOW" and #SECCOMP_RET_ALLOW, too; UNKNOWN(0x12340000) for a result without one),
// #ARCH_X86_64, #AUDIT_ARCH_X86_64 and the like; a jump's target may be an instruction's index ("ja 7");
// ".insn 0x06, 0, 0, 0x7fff0000" writes any instruction at all (code, jt, jf, k). One instruction a line. Comments are
// `;`, `//`, `/* */`, and lines that begin with `#`. Instructions of socket filters (ldh, ldb, mod,
// ld [x+4], ldxb 4*([14]&0xf)) can be written too: that seccomp refuses them is for the verifier to say.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "callgate/expected.hpp"
#include "callgate/insn.hpp"

namespace callgate::bpf {

// Where and why a text is not a program.
struct TextError {
  std::uint32_t line;  // counted from 1
  std::string message;
};
std::string to_string(const TextError& error);  // "line 3: unknown instruction 'lod'"

// How a conditional jump over more than 255 instructions is treated.
enum class LongJumps : std::uint8_t {
  reject,  // an error that names the line
  bridge,  // by way of a JA put in behind the jump
};

// The longest text that is read, in bytes: far more than any filter needs, and a bound on the memory that it takes.
inline constexpr std::size_t max_text_size = std::size_t{16} << 20;

// The instructions that `text` stands for. Makes no check of the program's meaning: that is the verifier's.
Expected<std::vector<Insn>, TextError> assemble(std::string_view text, LongJumps long_jumps = LongJumps::reject);

}  // namespace callgate::bpf
