// Runs what may crash or hang.
#pragma once

#include <functional>
#include <string>

namespace callgate::oracles {

// For a forked child: runs `work` and ends the process. What `work` throws is no finding: it is told on standard error, and
// the process ends with `could_not_work`.
[[noreturn]] void end_with(const std::function<void()>& work);
inline constexpr int could_not_work = 70;

// Throws std::runtime_error if the status, from waitpid(), is that of a child that could not work.
void check_worked(int status);

// Runs `work` in a forked child. Empty if it returned; else how the child ended: "killed by SIGSEGV", "hung". What
// `work` changes is lost, except in shared memory. Throws std::system_error if no child can be made, std::runtime_error if
// `work` throws.
std::string isolated(const std::function<void()>& work, unsigned seconds = 10);

// How a process ended, from waitpid()'s status; empty for exit code 0.
std::string describe_end(int status);

}  // namespace callgate::oracles
