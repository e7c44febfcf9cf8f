// Runs a command and sees every system call that it, its threads and its children make.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "callgate/insn.hpp"

namespace callgate::cli {

// How the run of a command ended.
struct TraceEnd {
  int exit_code = 0;           // the command's, or 128 + the signal that ended it
  int command_killed_by = 0;   // that signal; 0 if it ended by itself
  int told_to_end_by = 0;      // a signal that this process got and that means its end; 0 if there was none
  bool given_up = false;       // tracees were left that had not ended after that
  std::uint64_t untraced = 0;  // calls for a child with CLONE_UNTRACED: what such a child does is not seen
};

// What the command finds as its standard output.
enum class CommandOutput : std::uint8_t {
  of_caller,       // this process's
  standard_error,  // this process's standard error: its standard output is for something else
};

// What is told of a run, by thread. `entered`: a call is made, before the kernel decides whether to do it; `returned`:
// what it gave back (a negative errno if it failed); `born`: a thread made another one, of its own process or a child.
struct TraceEvents {
  std::function<void(pid_t thread, const SeccompData& call)> entered;
  std::function<void(pid_t thread, std::int64_t result)> returned = {};
  std::function<void(pid_t parent, pid_t child)> born = {};
};

// Runs `command` under ptrace(2) until it and all of its descendants have ended. Calls of one thread come in their
// order. An event may throw: that ends the run.
//
// Signals that ask this process to end, or that a program may take for its own ends, are held from now on until the
// process ends; those that another process sent are passed on to the command and its descendants. If these have not
// ended some seconds after one that asks for the end, the run ends without them. The kernel kills what is left of them
// when this process ends.
//
// Throws Failure (usage) if the command cannot be started or traced (the kernel must be Linux 5.3 or newer, and one
// process has at most one tracer).
TraceEnd trace(const std::vector<std::string>& command, CommandOutput output, const TraceEvents& events);

}  // namespace callgate::cli
