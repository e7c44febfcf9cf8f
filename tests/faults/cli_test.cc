// The callgate command without memory: each of its allocations fails in turn. It does what it was asked, or says on one
// line what stopped it; it never crashes, and results that it printed are right.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "cli/run_command.h"
#include "oracles/process/child.h"
#include "tests/cli/run.h"
#include "tests/support/allocations.h"

namespace callgate::test {
namespace {

class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content = {}) : fd_(memfd_create("callgate-test", MFD_CLOEXEC)) {
    EXPECT_EQ(write(fd_, content.data(), content.size()), static_cast<ssize_t>(content.size()));
    rewind();
  }
  ~MemoryFile() { close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int fd() const { return fd_; }
  std::string content() const { return read_file("/proc/self/fd/" + std::to_string(fd_)); }
  void rewind() const { lseek(fd_, 0, SEEK_SET); }
  void clear() const {
    EXPECT_EQ(ftruncate(fd_, 0), 0);
    rewind();
  }

 private:
  int fd_;
};

struct Asked {
  std::vector<std::string> words;
  std::string input;
};

struct Answer {
  int exit = -1;         // or 128 + signal
  bool refused = false;  // an allocation was
  std::string out;
  std::string err;
};

// One command line; the command runs in children of this process.
class Command {
 public:
  explicit Command(const Asked& asked) : words_(asked.words), in_(asked.input) {
    words_.insert(words_.begin(), "callgate");
    for (std::string& word : words_) argv_.push_back(word.data());
    argv_.push_back(nullptr);
  }

  Answer run(std::size_t allocations, Failing failing) {
    in_.rewind();
    out_.clear();
    err_.clear();
    const int status = process::run([&] { return play(allocations, failing); });
    const int exit = process::exit_code(status);
    return {exit & ~refused_bit, WIFEXITED(status) && (exit & refused_bit) != 0, out_.content(), err_.content()};
  }

 private:
  static constexpr int refused_bit = 0x40;

  int play(std::size_t allocations, Failing failing) {
    dup2(in_.fd(), STDIN_FILENO);
    dup2(out_.fd(), STDOUT_FILENO);
    dup2(err_.fd(), STDERR_FILENO);
    const FailAfter fail(allocations, failing);
    const int code = cli::run_command(static_cast<int>(words_.size()), argv_.data());
    return fail.has_failed() ? code | refused_bit : code;
  }

  std::vector<std::string> words_;
  std::vector<char*> argv_;
  MemoryFile in_;
  MemoryFile out_;
  MemoryFile err_;
};

// Which allocation fails next: in a long run every one, else the first ones and a sample of those after them.
std::size_t next(std::size_t n) {
  static const bool all = std::getenv("CALLGATE_FAULT_ROUNDS") != nullptr;
  return all ? n + 1 : n + 1 + n / (counts_malloc ? 16 : 4);  // sanitizers make children slow
}

// Names in comments are libseccomp's, which gives none without memory.
std::string without_comments(const std::string& text) {
  std::string rest;
  bool comment = false;
  for (const char c : text) {
    comment = c == ';' || (comment && c != '\n');
    if (!comment && c != ' ') rest += c;
  }
  return rest;
}

// Two libraries die of it: nlohmann-json flattens a document, read or to be written, into a vector in its destructor,
// where nothing can be thrown, and libseccomp 2.5 uses what it could not allocate. That is ugly, and closed: no answer
// is given.
bool dies_in_a_library(const Answer& answer) {
  return answer.exit == 128 + SIGSEGV ||
         (answer.exit == 128 + SIGABRT && answer.err.find("std::bad_alloc") != std::string::npos);
}

// What the command said. An emulator tells of a crash of a child in which libseccomp works, before the command does.
std::string_view said(const std::string& err) {
  std::string_view text = err;
  while (text.starts_with("qemu: ")) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  return text;
}

void check(const Answer& answer, const Answer& normal, bool has_document) {
  if (answer.exit == normal.exit) {
    EXPECT_EQ(without_comments(answer.out), without_comments(normal.out));
    return;
  }
  EXPECT_TRUE(std::string_view(normal.out).starts_with(answer.out)) << answer.out;
  if (has_document && dies_in_a_library(answer)) return;
  EXPECT_TRUE(answer.exit == 1 || answer.exit == 2) << answer.exit;
  EXPECT_TRUE(answer.refused);
  EXPECT_TRUE(said(answer.err).starts_with("callgate: ")) << answer.err;
}

class CommandWithoutMemory : public testing::Test {
 protected:
  const std::string text =
      "ld [nr]\njeq #1, no\njge #300, no\nld [args[0].lo]\njset #0x80, no\nret #ALLOW\nno: ret #ERRNO(1)";
  const Directory directory;
  const std::string filter = directory.write("filter.txt", text);
  const std::string invalid = directory.write("invalid.txt", "ld [nr]\nldx M[1]\nret a");

  void at_every_allocation(const Asked& asked, int exit, bool has_document = false) {
    Command command(asked);
    const Answer normal = command.run(1'000'000, Failing::once);
    ASSERT_EQ(normal.exit, exit) << normal.err;
    ASSERT_FALSE(normal.refused);
    ASSERT_FALSE(normal.out.empty());
    for (const Failing failing : {Failing::once, Failing::for_ever}) {
      int failures = 0;
      for (std::size_t n = 0;; n = next(n)) {
        SCOPED_TRACE("allocation " + std::to_string(n) + (failing == Failing::once ? " alone" : " and all after it"));
        const Answer answer = command.run(n, failing);
        check(answer, normal, has_document);
        if (HasFailure() || !answer.refused) break;
        failures += answer.exit != normal.exit;
      }
      EXPECT_GT(failures, 10);
    }
  }
};

TEST_F(CommandWithoutMemory, Check) { at_every_allocation({{"check", filter, invalid}, ""}, 1); }

TEST_F(CommandWithoutMemory, CheckVerdicts) {
  at_every_allocation({{"check", "--verdicts"}, "060000000000ff7f\n0700000000000000\n"}, 0);
}

TEST_F(CommandWithoutMemory, Eval) {
  at_every_allocation({{"eval", "-f", filter, "-f", filter}, "read 1 2 3\nwrite 0\nopenat 0x80\n"}, 0);
}

TEST_F(CommandWithoutMemory, EvalAsJson) {
  at_every_allocation({{"eval", "-f", filter, "--format", "json"}, "read 1 2 3\nwrite 0\nopenat 0x80\n"}, 0, true);
}

TEST_F(CommandWithoutMemory, Disassemble) { at_every_allocation({{"disasm", filter}, ""}, 0); }

// A profile must not lose rules on its way through libseccomp.
TEST_F(CommandWithoutMemory, ReadAProfile) {
  const std::string profile = directory.write("profile.json", R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
    {"names": ["read", "write", "close"], "action": "SCMP_ACT_ALLOW"},
    {"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]},
    {"names": ["ptrace"], "action": "SCMP_ACT_KILL_PROCESS"}]})");
  at_every_allocation({{"disasm", profile}, ""}, 0, true);
}

}  // namespace
}  // namespace callgate::test
