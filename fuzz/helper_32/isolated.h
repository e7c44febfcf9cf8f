// Runs what may crash or hang.
#pragma once

#include <functional>
#include <string>

namespace callgate::fuzz {

// Runs `work` in a forked child. Empty if it returned; else how the child ended: "killed by SIGSEGV", "hung". What
// `work` changes is lost, except in shared memory. Throws std::system_error if no child can be made.
std::string isolated(const std::function<void()>& work, unsigned seconds = 10);

// How a process ended, from waitpid()'s status; empty for exit code 0.
std::string describe_end(int status);

}  // namespace callgate::fuzz
