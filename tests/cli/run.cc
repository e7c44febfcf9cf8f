#include "tests/cli/run.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "tests/support/machine.h"

extern char** environ;

namespace callgate::test {
namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

// Memory files instead of pipes: nobody has to read while the command writes.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content = {}) : fd_(memfd_create("callgate-test", MFD_CLOEXEC)) {
    require(fd_ >= 0, "memfd_create");
    while (!content.empty()) {
      const ssize_t count = ::write(fd_, content.data(), content.size());
      require(count > 0, "write");
      content.remove_prefix(static_cast<std::size_t>(count));
    }
    lseek(fd_, 0, SEEK_SET);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { close(fd_); }

  int fd() const { return fd_; }
  std::string content() const { return read_file("/proc/self/fd/" + std::to_string(fd_)); }

 private:
  int fd_;
};

class Actions {
 public:
  Actions() { posix_spawn_file_actions_init(&actions_); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  ~Actions() { posix_spawn_file_actions_destroy(&actions_); }

  void place(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, from, to); }
  void leave_closed(int fd) {
    place(STDERR_FILENO, fd);  // so that closing finds something to close
    posix_spawn_file_actions_addclose(&actions_, fd);
  }
  void open_output(const std::string& path) {
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, path.c_str(), O_WRONLY, 0);
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

int spawn_and_wait(const std::vector<std::string>& arguments, const Actions& actions) {
  std::vector<std::string> words = command_words(CALLGATE_COMMAND);
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  require(posix_spawn(&pid, argv[0], actions.get(), nullptr, argv.data(), environ) == 0, "posix_spawn");
  int status = 0;
  require(waitpid(pid, &status, 0) == pid, "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const Outcome& outcome) {
  return stream << "exit " << outcome.exit << "\nout: " << outcome.out << "\nerr: " << outcome.err;
}

Outcome run(const std::vector<std::string>& arguments, const Streams& streams) {
  const MemoryFile in(streams.input);
  const MemoryFile out;
  const MemoryFile err;
  Actions actions;
  actions.place(in.fd(), STDIN_FILENO);
  actions.place(out.fd(), STDOUT_FILENO);
  actions.place(err.fd(), STDERR_FILENO);
  if (streams.close_input) actions.leave_closed(STDIN_FILENO);
  if (streams.close_output) actions.leave_closed(STDOUT_FILENO);
  if (!streams.output_path.empty()) actions.open_output(streams.output_path);
  Outcome outcome;
  outcome.exit = spawn_and_wait(arguments, actions);
  outcome.out = out.content();
  outcome.err = err.content();
  return outcome;
}

Outcome run(const std::vector<std::string>& arguments, const std::string& input) {
  Streams streams;
  streams.input = input;
  return run(arguments, streams);
}

Directory::Directory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "callgate-cli-XXXXXX").string();
  require(mkdtemp(pattern.data()) != nullptr, "mkdtemp");
  root_ = pattern;
}

Directory::~Directory() {
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

std::string Directory::write(const std::string& name, std::string_view content) const {
  std::ofstream file(root_ / name, std::ios::binary);
  file << content;
  require(file.good(), "cannot write a test file");
  return path(name);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace callgate::test
