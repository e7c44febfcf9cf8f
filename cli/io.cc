#include "cli/io.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bpf/formats.h"
#include "bpf/quote.h"
#include "cli/command.h"

namespace callgate::cli {
namespace {

// `doing` is put before the file's name.
[[noreturn]] void fail(std::string_view name, std::string_view doing = {}) {
  const std::string reason = std::generic_category().message(errno);
  throw Failure(ExitCode::usage, fmt::format("{}{}: {}", doing, bpf::visible(name), reason));
}

constexpr std::string_view cannot_write = "cannot write ";

// After a read or write that failed: whether to do it again, at once or because it is now possible (descriptors that
// do not block come from whoever started the command).
bool can_try_again(int fd, short event) {
  if (errno == EINTR) return true;
  if (errno != EAGAIN) return false;
  pollfd wanted{fd, event, 0};
  return poll(&wanted, 1, -1) == 1 || errno == EINTR;
}

bool is_visible(std::string_view text, std::string_view kept) {
  while (!text.empty()) {
    const std::size_t length = bpf::shown_character(text);
    if (length == 0 && kept.find(text[0]) == std::string_view::npos) return false;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return true;
}

}  // namespace

void tell(std::string_view text, std::string_view before, std::string_view after) noexcept {
  constexpr std::string_view kept = "\n\t";
  std::string harmless;  // needs memory only if something in the text must not be shown
  if (!is_visible(text, kept)) {
    try {
      text = harmless = bpf::visible(text, kept);
    } catch (const std::bad_alloc&) {
      text = "out of memory";
    }
  }
  iovec parts[3];
  std::size_t count = 0;
  for (const std::string_view part : {before, text, after}) {
    parts[count++] = {const_cast<char*>(part.data()), part.size()};
  }
  while (writev(STDERR_FILENO, parts, 3) < 0 && errno == EINTR) {
  }
}

bool can_rewrite_lines() {
  const char* const terminal = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

void Output::print_arguments(fmt::string_view format, fmt::format_args arguments) {
  fmt::vformat_to(std::back_inserter(buffer_), format, arguments);
  flush_if_full();
}

void Output::flush() {
  std::size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t written = ::write(fd_, buffer_.data() + done, buffer_.size() - done);
    if (written < 0 && can_try_again(fd_, POLLOUT)) continue;
    if (written < 0) {
      buffer_.clear();
      fail(name_, cannot_write);
    }
    done += static_cast<std::size_t>(written);
  }
  buffer_.clear();
}

bool Output::is_terminal() const { return isatty(fd_) == 1; }

Input::Input(const std::string& name)
    : name_(name == "-" ? "standard input" : bpf::visible(name)),
      fd_(name == "-" ? STDIN_FILENO : open(name.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (fd_ < 0) fail(name_);
}

Input::~Input() {
  if (fd_ != STDIN_FILENO) close(fd_);
}

std::size_t Input::read(std::span<char> out) {
  for (;;) {
    const ssize_t count = ::read(fd_, out.data(), out.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (!can_try_again(fd_, POLLIN)) fail(name_);
  }
}

std::size_t Input::read_fully(std::span<char> out) {
  std::size_t total = 0;
  while (total < out.size()) {
    const std::size_t count = read(out.subspan(total));
    if (count == 0) break;
    total += count;
  }
  return total;
}

std::string Input::read_all() {
  std::string content;
  std::vector<char> chunk(65536);
  while (const std::size_t count = read(chunk)) {
    content.append(chunk.data(), count);
    if (content.size() > max_file_size) {
      throw Failure(ExitCode::usage, fmt::format("{}: larger than {} MiB", name_, max_file_size >> 20));
    }
  }
  return content;
}

namespace {

void write_to(int fd, const std::string& name, std::string_view content) {
  try {
    Output out(fd, name);
    out.write(content);
    out.flush();
  } catch (...) {
    close(fd);
    throw;
  }
  if (close(fd) != 0) fail(name, cannot_write);
}

void write_in_place(const std::string& name, std::string_view content) {
  const int fd = open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) fail(name, cannot_write);
  write_to(fd, name, content);
}

mode_t mode_of_new_files() {
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

}  // namespace

void write_file(const std::string& name, std::string_view content) {
  struct stat before {};
  const bool exists = stat(name.c_str(), &before) == 0;
  struct stat link {};
  const bool is_link = lstat(name.c_str(), &link) == 0 && S_ISLNK(link.st_mode);
  if (is_link || (exists && (!S_ISREG(before.st_mode) || before.st_nlink > 1))) return write_in_place(name, content);
  std::string temporary = name + ".XXXXXX";
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return write_in_place(name, content);
  try {
    const bool has_mode = fchmod(fd, exists ? before.st_mode & 07777 : mode_of_new_files()) == 0;
    write_to(fd, name, content);
    if (!has_mode || rename(temporary.c_str(), name.c_str()) != 0) fail(name, cannot_write);
  } catch (...) {
    unlink(temporary.c_str());
    throw;
  }
}

std::string LineReader::place() const { return fmt::format("{}:{}", input_.name(), number_); }

std::string_view LineReader::take(std::size_t length, std::size_t skipped) {
  const std::string_view line(buffer_.data() + begin_, length);
  begin_ += length + skipped;
  is_cut_ = skipped == 0;
  ++number_;
  return line;
}

bool LineReader::next(std::string_view& line) {
  std::size_t searched = 0;
  for (;;) {
    const char* from = buffer_.data() + begin_ + searched;
    const std::size_t length = end_ - begin_ - searched;
    if (const void* newline = length == 0 ? nullptr : std::memchr(from, '\n', length)) {
      line = take(static_cast<std::size_t>(static_cast<const char*>(newline) - buffer_.data()) - begin_, 1);
      if (number_ == 1) line = bpf::without_byte_order_mark(line);
      return true;
    }
    searched = end_ - begin_;
    if (refill()) continue;
    if (searched == 0) return false;
    line = take(searched, 0);
    if (number_ == 1) line = bpf::without_byte_order_mark(line);
    return true;
  }
}

// Makes room behind what is unread, and reads. False at the end of the file.
bool LineReader::refill() {
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), buffer_.begin() + static_cast<std::ptrdiff_t>(end_),
            buffer_.begin());
  end_ -= begin_;
  begin_ = 0;
  if (end_ > max_line) throw Failure(ExitCode::usage, fmt::format("{}:{}: line too long", input_.name(), number_ + 1));
  if (end_ == buffer_.size()) buffer_.resize(buffer_.size() * 2);
  out_.flush();
  const std::size_t count = input_.read(std::span(buffer_).subspan(end_));
  end_ += count;
  return count != 0;
}

}  // namespace callgate::cli
