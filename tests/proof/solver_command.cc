#include "tests/proof/solver_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "oracles/process/child.h"

namespace callgate::test {

SolverCommand::SolverCommand(const std::vector<std::string>& words) {
  int to[2];
  int from[2];
  if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  process::Descriptors descriptors;
  descriptors.place(to[0], STDIN_FILENO);
  descriptors.place(from[1], STDOUT_FILENO);
  child_ = process::spawn(words, descriptors);
  close(to[0]);
  close(from[1]);
  to_ = to[1];
  from_ = from[0];
}

SolverCommand::~SolverCommand() {
  close(to_);
  close(from_);
  static_cast<void>(process::kill_and_wait(child_));
}

void SolverCommand::tell(const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count = write(to_, text.data() + done, text.size() - done);
    if (count <= 0) throw std::runtime_error("the solver reads no more");
    done += static_cast<std::size_t>(count);
  }
}

std::string SolverCommand::answer() {
  std::size_t end = 0;
  while ((end = read_.find('\n')) == std::string::npos) {
    char buffer[4096];
    const ssize_t count = read(from_, buffer, sizeof buffer);
    if (count <= 0) return "the solver ended: " + read_;
    read_.append(buffer, static_cast<std::size_t>(count));
  }
  const std::string line = read_.substr(0, end);
  read_.erase(0, end + 1);
  return line;
}

bool is_installed(const std::string& command) {
  const char* const path = std::getenv("PATH");
  std::string folders = path == nullptr ? "/usr/bin" : path;
  for (std::size_t begin = 0; begin <= folders.size();) {
    const std::size_t end = std::min(folders.find(':', begin), folders.size());
    if (access((folders.substr(begin, end - begin) + "/" + command).c_str(), X_OK) == 0) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace callgate::test
