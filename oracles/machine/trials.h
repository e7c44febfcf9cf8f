// The trials behind machine.h: each does the thing once, in a child that may die or hang of it.
#pragma once

#include <string>

namespace callgate::machine {

struct Trial {
  bool works;
  std::string why;  // if it does not: an error's text, or how the child ended
};

// Runs a 32-bit program of 117 bytes, by the kernel if `emulator` is empty, else by that program. The kernel's own way
// counts only if it is native: binfmt_misc may have put an emulator behind it.
Trial try_program_32(const std::string& emulator);

Trial try_int80();       // getpid by int 0x80, in a 64-bit process
Trial try_segment_32();  // a far jump to 32-bit code and back, in a 64-bit process
Trial try_filters();     // a filter that allows everything; a kernel whose allocator is stuck never comes back
Trial try_socket_filters();
Trial try_ptrace();  // PTRACE_TRACEME, and a stop that the parent sees

}  // namespace callgate::machine
