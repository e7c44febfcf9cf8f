#include "tests/cli/run.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "oracles/process/child.h"
#include "tests/support/machine.h"

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

// A pipe whose reader has gone.
class BrokenPipe {
 public:
  BrokenPipe() {
    int ends[2];
    require(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
    close(ends[0]);
    fd_ = ends[1];
  }
  BrokenPipe(const BrokenPipe&) = delete;
  BrokenPipe& operator=(const BrokenPipe&) = delete;
  ~BrokenPipe() { close(fd_); }

  int fd() const { return fd_; }

 private:
  int fd_;
};

void place(process::Descriptors& descriptors, int to, Sink sink, const MemoryFile& captured, const BrokenPipe& broken) {
  switch (sink) {
    case Sink::captured: return descriptors.place(captured.fd(), to);
    case Sink::closed: return descriptors.close(to);
    case Sink::full: return descriptors.open(to, "/dev/full", O_WRONLY);
    case Sink::broken: return descriptors.place(broken.fd(), to);
  }
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const Outcome& outcome) {
  return stream << "exit " << outcome.exit << "\nout: " << outcome.out << "\nerr: " << outcome.err;
}

Outcome run(const std::vector<std::string>& arguments, const Streams& streams) {
  const MemoryFile in(streams.input);
  const MemoryFile out;
  const MemoryFile err;
  const BrokenPipe broken;
  process::Descriptors descriptors;
  descriptors.place(in.fd(), STDIN_FILENO);
  if (streams.close_input) descriptors.close(STDIN_FILENO);
  place(descriptors, STDOUT_FILENO, streams.output, out, broken);
  place(descriptors, STDERR_FILENO, streams.error, err, broken);
  std::vector<std::string> words = command_words(streams.program.empty() ? CALLGATE_COMMAND : streams.program);
  if (streams.largest_file != 0) {
    words.insert(words.begin(), {"prlimit", "--fsize=" + std::to_string(streams.largest_file)});
  }
  words.insert(words.end(), arguments.begin(), arguments.end());
  Outcome outcome;
  outcome.exit = process::exit_code(process::wait_for(process::spawn(words, descriptors)));
  outcome.out = out.content();
  outcome.err = err.content();
  return outcome;
}

Outcome run(const std::vector<std::string>& arguments, const std::string& input) {
  Streams streams;
  streams.input = input;
  return run(arguments, streams);
}

std::string decisions(const std::string& out) {
  std::istringstream lines(out);
  std::string words;
  for (std::string line; std::getline(lines, line);) words += line.substr(0, line.find(' ')) + '\n';
  return words;
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

std::size_t Directory::files() const {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(root_), {}));
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace callgate::test
