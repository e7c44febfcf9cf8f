// Puts a seccomp filter on the calling process. For children of tests only: it cannot be taken off again.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "callgate/action.hpp"
#include "tests/support/filters.h"
#include "tests/support/machine.h"

namespace callgate::test {

// A system call, or only those with certain bits set in the low half of an argument.
struct Call {
  long nr;
  std::uint32_t argument = 0;
  std::uint32_t any_of = 0;  // 0: whatever the argument is
};

// The filter that answers `listed` to the calls and `other` to all other ones.
inline std::vector<Insn> filter_text(const std::vector<Call>& calls, std::uint32_t listed, std::uint32_t other) {
  std::string text = "ld [nr]\n";
  for (const Call& call : calls) {
    const std::string label = "no" + std::to_string(text.size());
    text += "jneq #" + std::to_string(call.nr) + ", " + label + "\n";
    if (call.any_of != 0) {
      text += "ld [" + std::to_string(16 + 8 * call.argument) + "]\n";
      text += "jset #" + std::to_string(call.any_of) + ", " + label + "yes\n";
      text += "ret #" + std::to_string(other) + "\n" + label + "yes: ";
    }
    text += "ret #" + std::to_string(listed) + "\n" + label + ": ";
  }
  return insns(text + "ret #" + std::to_string(other));
}

// A failure ends the process with status 99: a child that is not confined proves nothing.
inline void confine(const std::vector<Insn>& filter) {
  sock_fprog program{};
  program.len = static_cast<unsigned short>(filter.size());
  program.filter = reinterpret_cast<sock_filter*>(const_cast<Insn*>(filter.data()));
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    _exit(99);
}

}  // namespace callgate::test
