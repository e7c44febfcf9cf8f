#include "tests/support/helper_32.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

extern char** environ;

namespace callgate::test {
namespace {

bool write_all(int fd, const void* bytes, std::size_t size) {
  const auto* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t n = ::write(fd, at, size);
    if (n <= 0) return false;
    at += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

bool read_all(int fd, void* bytes, std::size_t size) {
  auto* at = static_cast<char*>(bytes);
  while (size > 0) {
    const ssize_t n = ::read(fd, at, size);
    if (n <= 0) return false;
    at += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

}  // namespace

bool Helper32::is_available() { return CALLGATE_HELPER_32[0] != '\0' && sizeof(void*) == 8; }

Helper32& Helper32::instance() {
  static Helper32 helper;
  return helper;
}

Helper32::Helper32() {
  std::signal(SIGPIPE, SIG_IGN);  // a helper that died shows as a failed write
  int in[2];
  int out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  char path[] = CALLGATE_HELPER_32;
  char* arguments[] = {path, nullptr};
  if (::posix_spawn(&pid_, path, &actions, nullptr, arguments, environ) != 0) {
    throw std::runtime_error("cannot start the 32-bit helper");
  }
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  to_ = in[1];
  from_ = out[0];
}

Helper32::~Helper32() {
  ::close(to_);
  ::close(from_);
  ::waitpid(pid_, nullptr, 0);
}

std::vector<std::uint32_t> Helper32::run(std::span<const std::uint8_t> code, std::span<const SeccompData> inputs) {
  const std::uint32_t sizes[2] = {static_cast<std::uint32_t>(code.size()), static_cast<std::uint32_t>(inputs.size())};
  std::vector<std::uint32_t> results(inputs.size());
  const bool done = write_all(to_, sizes, sizeof sizes) && write_all(to_, code.data(), code.size()) &&
                    write_all(to_, inputs.data(), inputs.size_bytes()) &&
                    read_all(from_, results.data(), results.size() * sizeof results[0]);
  if (!done) results.clear();
  return results;
}

}  // namespace callgate::test
