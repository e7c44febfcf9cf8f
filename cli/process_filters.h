// The filters of a running process.
#pragma once

#include <sys/types.h>

#include <vector>

#include "callgate/program.hpp"

namespace callgate::cli {

// Those of thread `pid`, oldest first; none if it has none. The thread is stopped for a moment. Throws Failure (usage)
// if the kernel does not tell them (PTRACE_SECCOMP_GET_FILTER), with what it takes.
std::vector<std::vector<Insn>> filters_of_process(pid_t pid);

}  // namespace callgate::cli
