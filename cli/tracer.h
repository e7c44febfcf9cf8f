// Runs a command and sees every system call that it, its threads and its children make.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "callgate/insn.hpp"

namespace callgate::cli {

// Runs `command` under ptrace(2) until it and all of its descendants have ended, and gives each call to `seen` as it is
// made, before the kernel decides whether to do it. Calls of one thread come in their order. Returns the command's exit
// code, or 128 + the signal that ended it. Throws Failure (usage) if the command cannot be started or traced (the
// kernel must be Linux 5.3 or newer, and one process has at most one tracer).
int trace(const std::vector<std::string>& command, const std::function<void(const SeccompData&)>& seen);

}  // namespace callgate::cli
