// callgate capture: the filters that a command installs.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>

#include "cli/filter_set.h"
#include "cli/tracer.h"

namespace callgate::cli {
namespace {

struct CaptureOptions {
  std::vector<std::string> command;
  FilterSetFormat format = FilterSetFormat::text;
  std::string folder;
};

// The numbers of the two calls, by the tables of the kernel.
constexpr std::uint32_t seccomp_64 = 317, prctl_64 = 157, seccomp_32 = 354, prctl_32 = 172;
constexpr std::uint64_t set_mode_filter = 1, tsync = 1, new_listener = 8, pr_set_seccomp = 22, mode_filter = 2;

// A call that may install a filter, until it returns.
struct Installation {
  std::uint64_t flags = 0;
  std::vector<Insn> filter;
};

// Memory of a traced thread; empty if it cannot be read.
std::string memory_of(pid_t thread, std::uint64_t address, std::size_t size) {
  std::string bytes(size, '\0');
  const int fd = open(("/proc/" + std::to_string(thread) + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  const ssize_t count = pread64(fd, bytes.data(), size, static_cast<off64_t>(address));
  close(fd);
  return count == static_cast<ssize_t>(size) ? bytes : "";
}

// The array behind a struct sock_fprog, which is shorter where pointers have 32 bits.
std::vector<Insn> filter_at(pid_t thread, std::uint64_t address, bool has_short_pointers) {
  const std::string header = memory_of(thread, address, has_short_pointers ? 8 : 16);
  if (header.empty()) return {};
  std::uint16_t length = 0;
  std::uint64_t array = 0;
  std::memcpy(&length, header.data(), sizeof length);
  if (has_short_pointers) {
    std::uint32_t pointer = 0;
    std::memcpy(&pointer, header.data() + 4, sizeof pointer);
    array = pointer;
  } else {
    std::memcpy(&array, header.data() + 8, sizeof array);
  }
  const std::string bytes = memory_of(thread, array, length * sizeof(Insn));
  std::vector<Insn> insns(bytes.size() / sizeof(Insn));
  if (!insns.empty()) std::memcpy(insns.data(), bytes.data(), bytes.size());
  return insns;
}

class Capture {
 public:
  void enter(pid_t thread, const SeccompData& data) {
    pending_.erase(thread);
    const bool is_i386 = data.arch == arch::x86_32;
    const std::uint32_t nr = is_i386 ? data.nr : data.nr & ~arch::x32_bit;
    const bool short_pointers = is_i386 || nr != data.nr;
    const bool is_seccomp = nr == (is_i386 ? seccomp_32 : seccomp_64) && data.args[0] == set_mode_filter;
    const bool is_prctl =
        nr == (is_i386 ? prctl_32 : prctl_64) && data.args[0] == pr_set_seccomp && data.args[1] == mode_filter;
    if (!is_seccomp && !is_prctl) return;
    Installation installation{is_seccomp ? data.args[1] : 0, filter_at(thread, data.args[2], short_pointers)};
    if (!installation.filter.empty()) pending_[thread] = std::move(installation);
  }

  void leave(pid_t thread, std::int64_t result) {
    const auto found = pending_.find(thread);
    if (found == pending_.end()) return;
    const Installation installation = std::move(found->second);
    pending_.erase(found);
    if (result != 0 && !(result > 0 && (installation.flags & new_listener) != 0)) return;
    const std::size_t filter = index_of(installation.filter);
    const std::vector<std::size_t> before = chains_[thread];
    chains_[thread].push_back(filter);
    if ((installation.flags & tsync) == 0) return;
    for (auto& [other, chain] : chains_) {
      if (other != thread && process_of_[other] == process_of_[thread]) chain = chains_[thread];
    }
  }

  void add_child(pid_t parent, pid_t child) {
    chains_[child] = chains_[parent];
    process_of_[child] = child;
    Input status("/proc/" + std::to_string(child) + "/status");
    const std::string text = status.read_all();
    if (const std::size_t at = text.find("Tgid:\t"); at != std::string::npos) {
      process_of_[child] = static_cast<pid_t>(std::strtol(text.c_str() + at + 6, nullptr, 10));
    }
    if (!process_of_.contains(parent)) process_of_[parent] = parent;
  }

  const std::vector<std::vector<Insn>>& filters() const { return filters_; }

  // Those who have the same ones together, in the order of their first one.
  std::vector<FoundChain> chains() const {
    std::vector<FoundChain> found;
    for (const auto& [thread, chain] : chains_) {
      if (chain.empty()) continue;
      const auto like = std::ranges::find(found, chain, &FoundChain::filters);
      if (like == found.end()) {
        found.push_back({fmt::format("process {}", thread), chain});
      } else {
        like->owner += fmt::format(", {}", thread);
      }
    }
    return found;
  }

 private:
  std::size_t index_of(const std::vector<Insn>& filter) {
    const auto same = [&](const std::vector<Insn>& other) {
      return other.size() == filter.size() &&
             std::memcmp(other.data(), filter.data(), filter.size() * sizeof(Insn)) == 0;
    };
    const auto found = std::ranges::find_if(filters_, same);
    if (found != filters_.end()) return static_cast<std::size_t>(found - filters_.begin());
    filters_.push_back(filter);
    return filters_.size() - 1;
  }

  std::map<pid_t, Installation> pending_;
  std::map<pid_t, std::vector<std::size_t>> chains_;
  std::map<pid_t, pid_t> process_of_;
  std::vector<std::vector<Insn>> filters_;
};

ExitCode run(Session& session, const CaptureOptions& options) {
  Capture capture;
  TraceEvents events;
  events.entered = [&](pid_t thread, const SeccompData& data) { capture.enter(thread, data); };
  events.returned = [&](pid_t thread, std::int64_t result) { capture.leave(thread, result); };
  events.born = [&](pid_t parent, pid_t child) { capture.add_child(parent, child); };
  // What the command writes must not stand between the filters.
  const TraceEnd end = trace(options.command, CommandOutput::standard_error, events);
  if (end.exit_code != 0) say(session, fmt::format("note: the command ended with status {}", end.exit_code));
  if (end.given_up) say(session, "note: not all of its processes ended, and their filters may be missing");
  if (capture.filters().empty()) say(session, "the command installed no filter");
  if (!capture.filters().empty()) {
    write_filter_set(session, capture.filters(), capture.chains(), options.format, options.folder);
  }
  return capture.filters().empty() ? ExitCode::failed : ExitCode::done;
}

}  // namespace

void add_capture(CLI::App& app, Session& session) {
  auto options = std::make_shared<CaptureOptions>();
  CLI::App& command = *app.add_subcommand("capture", "Run a command and show the filters that it installs");
  add_filter_set_options(command, options->format, options->folder);
  command.positionals_at_end();
  command.add_option("COMMAND", options->command, "The command and its arguments, after --")->required()->type_name("");
  command.footer(
      R"(Every thread and every child of the command is followed, 32-bit ones as well. A filter is what seccomp(2) or
prctl(2) took: refused ones are left out. Filters are numbered as they come, equal ones once; the lines in front say
which process ended with which, oldest first. The command's standard output goes to standard error. It takes no
privilege.

Examples:
  callgate capture -- ./service --once
  callgate capture -o filters -- ./service --once && callgate explain filters/0.bpf
  callgate capture --format raw -- ./sandboxed > filter.bpf

Exit code: 0 done, 1 if the command installed no filter, 2 if it cannot be run or traced.)");
  command.callback([options, &session] { session.exit = run(session, *options); });
}

}  // namespace callgate::cli
