#include "oracles/x86_32/helper_32.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <vector>

#include "oracles/machine/machine.h"
#include "oracles/process/child.h"

extern char** environ;

namespace callgate::oracles {
namespace {

using helper_32::Answers;
using helper_32::Orders;

constexpr int patience = 20'000;            // milliseconds for a batch
constexpr int emulated_patience = 120'000;  // the same, where an emulator runs the helper

void check(bool holds, const char* what) {
  if (!holds) throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

std::string Helper32::obstacle(const std::string& program) {
  if (sizeof(void*) != 8) return "a 32-bit process runs x86_32 code itself";
  if (program.empty()) return "this build has no 32-bit helper: its compiler links no static -m32 programs";
  if (::access(program.c_str(), X_OK) != 0) return "the 32-bit helper is not there (" + program + ")";
  return machine::launcher_32().obstacle;
}

Helper32::~Helper32() {
  stop();
  if (orders_ != nullptr) ::munmap(orders_, helper_32::shared_size);
  if (shared_ >= 0) ::close(shared_);
}

std::span<std::uint8_t> Helper32::code() {
  map();
  return {code_, helper_32::max_code};
}

std::span<std::uint32_t> Helper32::entries() {
  map();
  return orders_->entries;
}

std::span<SeccompData> Helper32::inputs() {
  map();
  return orders_->inputs;
}

void Helper32::map() {
  if (orders_ != nullptr) return;
  shared_ = ::memfd_create("callgate-helper-32", MFD_CLOEXEC);
  check(shared_ >= 0, "memfd_create");
  check(::ftruncate(shared_, helper_32::shared_size) == 0, "ftruncate");
  void* const memory = ::mmap(nullptr, helper_32::shared_size, PROT_READ | PROT_WRITE, MAP_SHARED, shared_, 0);
  check(memory != MAP_FAILED, "mmap");
  auto* const bytes = static_cast<std::uint8_t*>(memory);
  orders_ = reinterpret_cast<Orders*>(bytes + helper_32::orders_at);
  answers_ = reinterpret_cast<Answers*>(bytes + helper_32::answers_at);
  code_ = bytes + helper_32::code_at;
}

void Helper32::start() {
  map();
  ::signal(SIGPIPE, SIG_IGN);  // a helper that died shows as a failed write
  int in[2];
  int out[2];
  check(::pipe2(in, O_CLOEXEC) == 0 && ::pipe2(out, O_CLOEXEC) == 0, "pipe2");
  process::Descriptors descriptors;
  descriptors.place(in[0], STDIN_FILENO);
  descriptors.place(out[1], STDOUT_FILENO);
  descriptors.place(shared_, helper_32::shared_fd);
  std::vector<std::string> words = machine::launcher_32().words;
  const bool is_emulated = !words.empty();
  words.push_back(program_);
  if (is_emulated) words.emplace_back("emulated");
  to_ = in[1];
  from_ = out[0];
  try {
    pid_ = process::spawn(words, descriptors);
  } catch (...) {
    ::close(in[0]);
    ::close(out[1]);
    throw;
  }
  ::close(in[0]);
  ::close(out[1]);
}

void Helper32::stop() {
  if (to_ >= 0) ::close(to_);
  if (from_ >= 0) ::close(from_);
  to_ = from_ = -1;
  if (pid_ != 0) {
    status_ = process::kill_and_wait(pid_);  // it has nothing to lose
  }
  pid_ = 0;
}

bool Helper32::round() {
  char byte = 0;
  if (::write(to_, &byte, 1) != 1) return false;
  pollfd answer{from_, POLLIN, 0};
  int ready = 0;
  const bool is_emulated = !machine::launcher_32().words.empty();
  do ready = ::poll(&answer, 1, is_emulated ? emulated_patience : patience);
  while (ready < 0 && errno == EINTR);
  return ready == 1 && ::read(from_, &byte, 1) == 1;
}

Helper32::Outcome Helper32::run(std::uint32_t first, std::uint32_t count) {
  if (pid_ == 0) start();
  orders_->first = first;
  orders_->count = count;
  answers_->current = first;
  if (round()) return {count, ""};
  stop();
  const std::string end = process::describe_end(status_);
  return {answers_->current, end == "killed by SIGKILL" ? "hung" : end};
}

}  // namespace callgate::oracles
