// Instructions as other tools show them: read by bpf/formats.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "callgate/expected.hpp"
#include "callgate/insn.hpp"

namespace callgate::bpf {

using ListedInstructions = Expected<std::vector<Insn>, std::string>;

// " 0000: 0x20 0x00 0x00 0x00000004  A = arch": seccomp-tools dump, scmp_bpf_disasm.
bool looks_like_table(std::string_view text);
ListedInstructions read_table(std::string_view text);

// "(000) jeq #0xc000003e jt 2 jf 5": tcpdump -d, bpf_dbg.
bool looks_like_tcpdump(std::string_view text);
ListedInstructions read_tcpdump(std::string_view text);

// "BPF_STMT(BPF_LD|BPF_W|BPF_ABS, 0x4), BPF_JUMP(…)", in what strace writes or in C, with the names of the kernel's
// headers: BPF_…, SECCOMP_RET_…, AUDIT_ARCH_…, __NR_… (x86_64), offsetof(struct seccomp_data, …).
bool looks_like_macros(std::string_view text);
ListedInstructions read_macros(std::string_view text);

// "\x20\x00\x00\x00\x04…", in quotes or not: the bytes as a string of C, Ruby or Python.
bool looks_like_string(std::string_view text);
ListedInstructions read_string(std::string_view text);

}  // namespace callgate::bpf
