// Runs the real callgate command and captures what it does.
#pragma once

#include <filesystem>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace callgate::test {

struct Outcome {
  int exit = -1;  // exit code, or 128 + signal
  std::string out;
  std::string err;
};

// For gtest's messages.
std::ostream& operator<<(std::ostream& stream, const Outcome& outcome);

// Where standard output or standard error goes.
enum class Sink {
  captured,  // into the Outcome
  closed,    // no open descriptor at all
  full,      // a disk without space
  broken,    // a pipe that nobody reads
};

// What the command finds as its standard streams.
struct Streams {
  std::string input;         // bytes on standard input
  bool close_input = false;  // or no open descriptor at all
  Sink output = Sink::captured;
  Sink error = Sink::captured;
  std::string program = {};      // instead of the command
  std::size_t largest_file = 0;  // bytes that the command may write to any file; 0: no limit
};

Outcome run(const std::vector<std::string>& arguments, const Streams& streams = {});
Outcome run(const std::vector<std::string>& arguments, const std::string& input);

// The first word of each line: what callgate eval decides, as scripts read it.
std::string decisions(const std::string& out);

// A directory of the test's own, removed with its files at the end.
class Directory {
 public:
  Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory();

  std::string path(const std::string& name) const { return (root_ / name).string(); }
  std::string write(const std::string& name, std::string_view content) const;  // returns the path
  std::size_t files() const;                                                   // how many there are

 private:
  std::filesystem::path root_;
};

std::string read_file(const std::string& path);

}  // namespace callgate::test
