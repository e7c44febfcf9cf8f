// Input and output on file descriptors, buffered but for messages. Every error of input and output becomes a Failure
// that names the file; those of messages are ignored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace callgate::cli {

// Writes `before`, `text` and `after` to standard error, at once and together. What a terminal would obey is written
// only if it is in `before` or `after`: in `text` it becomes \xHH, but for tabs and newlines. What cannot be written
// there is lost: nobody reads it, and that must not change what becomes of the work.
void tell(std::string_view text, std::string_view before = {}, std::string_view after = {}) noexcept;

// Whether a line on standard error can be written over: it is a terminal that knows carriage returns and escape
// sequences (TERM is not "dumb").
bool can_rewrite_lines();

// Collects text and writes it in blocks. Nothing is written after an error.
class Output {
 public:
  Output(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view text) {
    buffer_.append(text);
    flush_if_full();
  }
  template <class... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    print_arguments(format, fmt::make_format_args(args...));
  }
  void flush();
  bool is_terminal() const;

 private:
  static constexpr std::size_t block = 65536;

  void print_arguments(fmt::string_view format, fmt::format_args arguments);  // fmt is compiled in libfmt alone
  void flush_if_full() {
    if (buffer_.size() >= block) flush();
  }

  int fd_;
  std::string name_;
  fmt::memory_buffer buffer_;
};

// A file opened for reading; "-" is standard input.
class Input {
 public:
  explicit Input(const std::string& name);
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input();

  const std::string& name() const noexcept { return name_; }  // for messages: bpf::visible()
  std::size_t read(std::span<char> out);                      // 0 at the end
  std::size_t read_fully(std::span<char> out);                // less than asked for only at the end
  std::string read_all();                                     // bounded by max_file_size

  static constexpr std::size_t max_file_size = std::size_t{64} << 20;

 private:
  std::string name_;
  int fd_;
};

// Writes a file whole or not at all: a file that exists stays as it is until the new one is complete. What is no
// regular file (a device, a pipe) or lies in a folder that takes no new files is written in place.
void write_file(const std::string& name, std::string_view content);

// The lines of a file, without their newlines and without a byte order mark. Before it waits for more input it writes
// what `out` holds, so that a program at both ends of a pipe gets the answers to all lines that it sent.
class LineReader {
 public:
  LineReader(Input& input, Output& out) : input_(input), out_(out), buffer_(block) {}

  bool next(std::string_view& line);  // the line is valid until the next call
  std::uint64_t number() const noexcept { return number_; }
  std::string place() const;  // "NAME:NUMBER" of the current line
  // Whether the file ends in the current line, without a newline: more of the line may have been meant.
  bool is_cut() const noexcept { return is_cut_; }

 private:
  static constexpr std::size_t block = 65536;
  static constexpr std::size_t max_line = std::size_t{16} << 20;

  bool refill();
  std::string_view take(std::size_t length, std::size_t skipped);

  Input& input_;
  Output& out_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // of what is read and not yet handed out: buffer_[begin_, end_)
  std::size_t end_ = 0;
  std::uint64_t number_ = 0;
  bool is_cut_ = false;
};

}  // namespace callgate::cli
