// callgate kernel-check: does this machine's kernel decide as callgate does?
#include <sys/utsname.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>

#include "cli/command.h"
#include "cli/helper_32.h"
#include "oracles/kernel/merging.h"
#include "oracles/kernel/path_length.h"
#include "oracles/kernel/results.h"
#include "oracles/kernel/socket_verdicts.h"

namespace callgate::cli {
namespace {

using Difference = std::optional<std::string>;  // shown with the smallest filter

struct KernelCheckOptions {
  std::uint32_t programs = 10000;
  std::uint64_t seed = 1;
  std::vector<std::string> only;
  std::string probes;
};

const std::vector<std::string> all_parts = {"verdicts", "results", "merging", "path", "sockets"};

// Where the probes lie, seen from where the command lies: the same in an installed tree and in a build tree.
std::string default_probes() { return (own_folder() / CALLGATE_PROBES_FROM_BIN).lexically_normal(); }

std::string setting(const std::string& name) {
  std::string value;
  std::ifstream("/proc/sys/net/core/" + name) >> value;
  return name + " " + (value.empty() ? "unknown" : value);
}

class KernelCheck {
 public:
  KernelCheck(Session& session, const KernelCheckOptions& options)
      : session_(session), options_(options), engines_(kernel::deciders()) {}

  ExitCode run() {
    introduce();
    for (const int bits : {64, 32}) with_probe(bits);
    if (wanted("sockets")) check_sockets();
    explain();
    if (compared_ == 0) throw Failure(ExitCode::usage, "nothing could be compared here");
    session_.out.print("{}\n", differences_ == 0 ? "no difference" : fmt::format("{} differences", differences_));
    return differences_ == 0 ? ExitCode::done : ExitCode::failed;
  }

 private:
  bool wanted(const std::string& part) const {
    return options_.only.empty() || std::find(options_.only.begin(), options_.only.end(), part) != options_.only.end();
  }

  std::uint32_t share(std::uint32_t divisor) const { return std::max(1u, options_.programs / divisor); }

  void line(const std::string& part, const std::string& how, const std::string& text) {
    session_.out.print("{:<10} {:<26} {}\n", part, how, text);
    session_.out.flush();
  }

  void introduce() {
    utsname name{};
    uname(&name);
    line("kernel", fmt::format("{} {} {}", name.sysname, name.release, name.machine),
         setting("bpf_jit_enable") + ", " + setting("bpf_jit_harden"));
    line("callgate", fmt::format("{} programs, seed {}", options_.programs, options_.seed),
         fmt::format("interpreter and {} engines", engines_.available.size()));
    for (const std::string& text : engines_.left_out) line("", "left out", text);
  }

  // Runs one comparison. `compare` returns its counts, and puts what differs into its argument.
  void part(const std::string& name, const std::string& how,
            const std::function<std::string(Difference& difference)>& compare) {
    if (!wanted(name)) return;
    Difference difference;
    std::string counts;
    try {
      counts = compare(difference);
    } catch (const std::runtime_error& error) {
      difference = error.what();
    }
    ++compared_;
    if (!difference) return line(name, how, counts);
    ++differences_;
    line(name, how, "DIFFERENCE");
    session_.out.print("{}\n", *difference);
  }

  void skip(const std::string& name, const std::string& how, const std::string& reason) {
    if (wanted(name)) line(name, how, "skipped: " + reason);
  }

  void with_probe(int bits) {
    const std::string process = fmt::format("{}-bit process", bits);
    if (options_.only == std::vector<std::string>{"sockets"}) return;
    const auto started = kernel::start_probe(bits, options_.probes);
    if (!started.probe) {
      for (const char* name : {"verdicts", "results", "merging", "path"}) skip(name, process, started.reason);
      return;
    }
    kernel::Probe& probe = *started.probe;
    part("verdicts", process, [&](Difference& difference) { return verdicts(probe, bits, difference); });
    for (const kernel::Route& route : kernel::routes) {
      if (route.bits == bits) check_results(probe, route);
    }
    part("merging", process, [&](Difference& difference) { return merging(probe, difference); });
    if (kernel::jit_is_hardened()) {
      skip("path", process, "net.core.bpf_jit_harden makes lengths depend on more than the filter");
    } else {
      part("path", process, [&](Difference& difference) { return path(probe, difference); });
    }
  }

  std::string verdicts(kernel::Probe& probe, int bits, Difference& difference) {
    kernel::VerdictTally tally;
    difference = kernel::compare_random_verdicts(probe, options_.seed, share(bits == 64 ? 1 : 5), tally);
    return fmt::format("{} filters: {} accepted, {} rejected", tally.accepted + tally.rejected, tally.accepted,
                       tally.rejected);
  }

  void check_results(kernel::Probe& probe, const kernel::Route& route) {
    if (const std::string why = kernel::obstacle(probe, route); !why.empty()) {
      return skip("results", route.description, why);
    }
    kernel::SeccompRunner runner(probe, route);
    part("results", route.description,
         [&](Difference& difference) { return results(runner, max_program_length, difference); });
  }

  std::string results(kernel::Runner& runner, std::uint32_t longest, Difference& difference) {
    kernel::ResultTally tally;
    difference = kernel::compare_results(runner, {options_.seed, share(10), 400, longest}, engines_.available, tally);
    return fmt::format("{} filters, {} of them with several results; {} left out", tally.programs, tally.branching,
                       tally.left_out);
  }

  std::string merging(kernel::Probe& probe, Difference& difference) {
    kernel::Merging merging(probe, engines_.available, options_.seed);
    difference = merging.compare_random(share(10));
    const auto& [chains, seen] = merging.tally();
    return fmt::format("{} chains: {} run, {} fail, {} trap, {} kill the thread, {} kill the process", chains, seen[0],
                       seen[1], seen[2], seen[3], seen[4]);
  }

  std::string path(kernel::Probe& probe, Difference& difference) {
    const std::uint32_t count = share(10);
    difference = kernel::compare_random_path_lengths(probe, options_.seed, count);
    return fmt::format("{} filters at the exact limit", count);
  }

  void check_sockets() {
    std::optional<kernel::SocketRunner> sockets;
    try {
      sockets.emplace();
    } catch (const std::runtime_error& error) {
      return skip("sockets", "SO_ATTACH_FILTER", error.what());
    }
    part("sockets", "verdicts, SO_ATTACH_FILTER", [&](Difference& difference) {
      kernel::SocketTally tally;
      difference = kernel::compare_socket_verdicts(*sockets, options_.seed, share(10), tally);
      return fmt::format("{} filters: {} accepted, {} rejected; {} left out", tally.accepted + tally.rejected,
                         tally.accepted, tally.rejected, tally.left_out);
    });
    constexpr std::uint32_t longest = 1000;  // beyond, a socket's filter takes more memory than it may
    part("sockets", "results, packets", [&](Difference& difference) { return results(*sockets, longest, difference); });
  }

  void explain() {
    session_.out.write(R"(Cannot be seen from outside, and is not compared:
  LOG from ALLOW; TRACE without a tracer from USER_NOTIF without a listener
  results of filters with RET A and more than 4092 instructions (left out above)
  through seccomp: architectures and instruction pointers other than the probe's own (packets carry any);
    system calls 335 and 336 of x86_64, which recent kernels let pass unfiltered
)");
  }

  Session& session_;
  const KernelCheckOptions& options_;
  kernel::Deciders engines_;
  std::uint32_t compared_ = 0;
  std::uint32_t differences_ = 0;
};

}  // namespace

void add_kernel_check(CLI::App& app, Session& session) {
  auto options = std::make_shared<KernelCheckOptions>();
  CLI::App& command = *app.add_subcommand("kernel-check", "Compare callgate with the running kernel");
  command
      .add_option("--programs", options->programs,
                  "Filters whose verdicts are compared; results, merging, paths and sockets take\na tenth of it")
      ->check(CLI::Range(1u, 1000000000u))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--seed", options->seed, "Seed of the random filters")
      ->check(whole_number())
      ->type_name("S")
      ->capture_default_str();
  command
      .add_option("--only", options->only,
                  "Parts to run, separated by commas: verdicts, results, merging, path, sockets")
      ->delimiter(',')
      ->check(CLI::IsMember(all_parts).description(""))
      ->type_name("PART");
  command.add_option("--probes", options->probes, "Folder of callgate-probe64 and callgate-probe32")->type_name("DIR");
  command.footer(
      R"(Random filters are loaded into the kernel by helper processes, of 64 and of 32 bits; nothing stays loaded, and
no privilege is needed. What does not exist here (a 32-bit helper, int 0x80) is skipped with the reason. A difference
is shown with the smallest filter found.

Examples:
  callgate kernel-check
  callgate kernel-check --programs 1000000 --seed 7 --only verdicts,sockets

Exit code: 0 if there is no difference, 1 if there is one, 2 if nothing could be compared or the usage is wrong.)");
  command.callback([options, &session] {
    if (options->probes.empty()) options->probes = default_probes();
    session.exit = KernelCheck(session, *options).run();
  });
}

}  // namespace callgate::cli
