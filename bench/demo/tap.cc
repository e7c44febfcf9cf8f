// callgate-tap PREFIX COMMAND [ARGUMENT…]: runs a program and writes the seccomp filters that it and its children load,
// as raw bytecode: PREFIX.bpf, or of a process that loads several PREFIX-0.bpf, PREFIX-1.bpf …, oldest first, with
// those that it inherited. A process with other filters is PREFIX.2, and so on. Watches system calls of x86_64 by
// ptrace, so a filter is written whether or not the kernel takes it. Exit code 0 if there was any, 1 if not, 3 if
// nothing can be traced here.
#include <elf.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

constexpr std::uint64_t seccomp_number = 317;  // of x86_64, whatever this program is built for
constexpr std::uint64_t prctl_number = 157;
constexpr int syscall_stop = SIGTRAP | 0x80;

template <class Word>
Word as(std::uint64_t value) {
  return reinterpret_cast<Word>(static_cast<std::uintptr_t>(value));
}

bool read_memory(pid_t pid, std::uint64_t from, void* to, std::size_t size) {
  iovec local{to, size};
  iovec remote{as<void*>(from), size};
  return process_vm_readv(pid, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

// struct sock_fprog of a 64-bit process.
struct Fprog {
  std::uint16_t length;
  std::uint16_t padding[3];
  std::uint64_t instructions;
};

class Tap {
 public:
  explicit Tap(std::string prefix) : prefix_(std::move(prefix)) {}

  void see(pid_t pid) {
    __ptrace_syscall_info info{};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0) return;
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY || info.arch != AUDIT_ARCH_X86_64) return;
    const std::uint64_t* const args = info.entry.args;
    const bool by_seccomp = info.entry.nr == seccomp_number && args[0] == SECCOMP_SET_MODE_FILTER;
    const bool by_prctl = info.entry.nr == prctl_number && args[0] == PR_SET_SECCOMP && args[1] == SECCOMP_MODE_FILTER;
    if (by_seccomp || by_prctl) keep(pid, args[2]);
  }

  // The child may have begun before this is told.
  void inherit(pid_t parent, pid_t child) {
    Filters& own = chains_[child];
    const Filters inherited = chains_[parent];
    own.insert(own.begin(), inherited.begin(), inherited.end());
  }

  // Every chain that is not the beginning of another one. Returns their number.
  std::size_t write() const {
    std::set<Filters> found;
    for (const auto& [pid, chain] : chains_) {
      if (!chain.empty()) found.insert(chain);
    }
    std::size_t count = 0;
    for (auto chain = found.begin(); chain != found.end(); ++chain) {
      const auto next = std::next(chain);  // the first that may begin with it
      if (next != found.end() && begins_with(*next, *chain)) continue;
      ++count;
      write_chain(count == 1 ? prefix_ : prefix_ + "." + std::to_string(count), *chain);
    }
    return count;
  }

 private:
  using Filters = std::vector<std::string>;

  static bool begins_with(const Filters& whole, const Filters& part) {
    return whole.size() >= part.size() && std::equal(part.begin(), part.end(), whole.begin());
  }

  static void write_chain(const std::string& name, const Filters& chain) {
    for (std::size_t i = 0; i < chain.size(); ++i) {
      const std::string path = name + (chain.size() > 1 ? "-" + std::to_string(i) : "") + ".bpf";
      std::ofstream file(path, std::ios::binary);
      file << chain[i];
      if (!file.flush()) std::fprintf(stderr, "callgate-tap: %s cannot be written\n", path.c_str());
    }
  }

  void keep(pid_t pid, std::uint64_t where) {
    Fprog fprog{};
    if (!read_memory(pid, where, &fprog, sizeof fprog) || fprog.length == 0) return;
    std::string bytes(std::size_t{fprog.length} * sizeof(sock_filter), '\0');
    if (read_memory(pid, fprog.instructions, bytes.data(), bytes.size())) chains_[pid].push_back(bytes);
  }

  std::string prefix_;
  std::map<pid_t, Filters> chains_;
};

[[noreturn]] void become(char** words) {
  if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(127);  // nobody would let it go on
  raise(SIGSTOP);
  execvp(words[0], words);
  std::fprintf(stderr, "callgate-tap: %s: %s\n", words[0], std::strerror(errno));
  _exit(127);
}

// The signal that the stopped process gets; what ptrace itself stops for is none.
int signal_of(int status) {
  const int signal = WSTOPSIG(status);
  return signal == syscall_stop || signal == SIGTRAP || signal == SIGSTOP ? 0 : signal;
}

// Returns whether the program could be traced.
bool watch(pid_t first, Tap& tap) {
  constexpr long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                           PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  int status = 0;
  if (waitpid(first, &status, 0) != first || !WIFSTOPPED(status)) return false;
  ptrace(PTRACE_SETOPTIONS, first, nullptr, as<void*>(options));
  ptrace(PTRACE_SYSCALL, first, nullptr, nullptr);
  for (pid_t pid = 0; (pid = waitpid(-1, &status, __WALL)) > 0;) {
    if (!WIFSTOPPED(status)) continue;
    if (WSTOPSIG(status) == syscall_stop) tap.see(pid);
    unsigned long child = 0;
    const bool is_event = status >> 16 != 0 && status >> 16 != PTRACE_EVENT_EXEC;
    if (is_event && ptrace(PTRACE_GETEVENTMSG, pid, nullptr, &child) == 0) tap.inherit(pid, static_cast<pid_t>(child));
    ptrace(PTRACE_SYSCALL, pid, nullptr, as<void*>(static_cast<std::uint64_t>(signal_of(status))));
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: callgate-tap PREFIX COMMAND [ARGUMENT...]\n");
    return 2;
  }
  const pid_t child = fork();
  if (child < 0) return 1;
  if (child == 0) become(argv + 2);
  Tap tap(argv[1]);
  if (!watch(child, tap)) {
    std::fprintf(stderr, "callgate-tap: processes cannot be traced here\n");
    return 3;
  }
  return tap.write() > 0 ? 0 : 1;
}
