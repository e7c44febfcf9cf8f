// A solver of other people, asked through a pipe in SMT-LIB 2.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace callgate::test {

class SolverCommand {
 public:
  explicit SolverCommand(const std::vector<std::string>& words);
  SolverCommand(const SolverCommand&) = delete;
  SolverCommand& operator=(const SolverCommand&) = delete;
  ~SolverCommand();

  void tell(const std::string& text);
  // The next line that it writes: "sat", "unsat", "unknown", or what went wrong.
  std::string answer();

 private:
  pid_t child_;
  int to_;
  int from_;
  std::string read_;
};

// Whether the command can be started.
bool is_installed(const std::string& command);

}  // namespace callgate::test
