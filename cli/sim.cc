// callgate sim: the command line of libseccomp's simulator, for test suites that were written for it.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>

#include "bpf/names.h"
#include "callgate/action.hpp"
#include "callgate/program.hpp"
#include "cli/command.h"

namespace callgate::cli {
namespace {

struct SimOptions {
  std::string arch;
  std::string file;
  std::string nr;
  std::array<std::string, 6> args;
  bool verbose = false;
};

struct SimArch {
  const char* name;
  std::uint32_t value;
  bool is_big_endian = false;
};
// The words of that program, and AUDIT_ARCH_* of linux/audit.h.
constexpr SimArch sim_arches[] = {
    {"x86", 0x40000003},          {"x86_64", 0xc000003e},       {"x32", 0xc000003e},
    {"arm", 0x40000028},          {"aarch64", 0xc00000b7},      {"loongarch64", 0xc0000102},
    {"m68k", 0x00000004, true},   {"mips", 0x00000008, true},   {"mipsel", 0x40000008},
    {"mips64", 0x80000008, true}, {"mipsel64", 0xc0000008},     {"mips64n32", 0xa0000008, true},
    {"mipsel64n32", 0xe0000008},  {"parisc", 0x0000000f, true}, {"parisc64", 0x8000000f, true},
    {"ppc", 0x00000014, true},    {"ppc64", 0x80000015, true},  {"ppc64le", 0xc0000015},
    {"riscv64", 0xc00000f3},      {"s390", 0x00000016, true},   {"s390x", 0x80000016, true},
    {"sh", 0x4000002a},           {"sheb", 0x0000002a, true}};

// What went wrong, and the exit code that callers expect: a fault is of the simulator, an error of the filter.
struct Fault {
  int error;
};
struct FilterError {
  int error;
};

std::uint64_t number(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 0); }

std::vector<Insn> read_insns(const std::string& file, bool swapped) {
  if (file.empty()) throw Fault{EINVAL};
  std::string bytes;
  try {
    bytes = Input(file).read_all();
  } catch (const Failure&) {
    throw Fault{ENOENT};
  }
  std::vector<Insn> insns(bytes.size() / sizeof(Insn));
  if (insns.size() > max_program_length) throw Fault{E2BIG};
  if (!insns.empty()) std::memcpy(insns.data(), bytes.data(), insns.size() * sizeof(Insn));
  for (Insn& insn : insns) {
    if (!swapped) break;
    insn.code = __builtin_bswap16(insn.code);
    insn.k = __builtin_bswap32(insn.k);
  }
  return insns;
}

// "KILL" is the thread; data is shown where it means something.
std::string word_of(std::uint32_t result) {
  switch (action_of(result)) {
    case action::kill_thread: return "KILL";
    case action::errno_: return fmt::format("ERRNO({})", data_of(result));
    case action::trace: return fmt::format("TRACE({})", data_of(result));
    case action::allow:
    case action::log:
    case action::trap:
    case action::kill_process:
    case action::user_notif: return std::string(bpf::action_name(result));
    default: throw FilterError{EDOM};
  }
}

std::string simulate(const SimOptions& options) {
  SimArch arch = sim_arches[1];
  if (!options.arch.empty()) {
    const auto* const found = std::find_if(std::begin(sim_arches), std::end(sim_arches),
                                           [&](const SimArch& a) { return options.arch == a.name; });
    if (found == std::end(sim_arches)) throw Fault{EINVAL};
    arch = *found;
  }
  SeccompData data{};
  data.nr = static_cast<std::uint32_t>(std::strtoll(options.nr.c_str(), nullptr, 0));
  data.arch = arch.value;
  for (std::size_t i = 0; i < options.args.size(); ++i) {
    data.args[i] = number(options.args[i]);
    // Where the upper half comes first, a filter loads it with the smaller offset.
    if (arch.is_big_endian) data.args[i] = data.args[i] << 32 | data.args[i] >> 32;
  }
  const auto program = verify(read_insns(options.file, arch.is_big_endian));
  if (!program) throw FilterError{EINVAL};
  return word_of(interpret(*program, data));
}

ExitCode run(Session& session, const SimOptions& options) {
  const auto fail = [&](const char* word, int error, int code) {
    tell(options.verbose ? fmt::format("{}: errno = {}\n", word, error) : fmt::format("{}\n", word));
    return static_cast<ExitCode>(code);
  };
  try {
    session.out.print("{}\n", simulate(options));
    return ExitCode::done;
  } catch (const Fault& fault) {
    return fail("FAULT", fault.error, EFAULT);
  } catch (const FilterError& error) {
    return fail("ERROR", error.error, ENOEXEC);
  }
}

}  // namespace

void add_sim(CLI::App& app, Session& session) {
  auto options = std::make_shared<SimOptions>();
  CLI::App& command =
      *app.add_subcommand("sim", "Decide one call by one raw filter, as libseccomp's scmp_bpf_sim does");
  command.add_option("-f", options->file, "The filter, an array of struct sock_filter in the byte order of ARCH")
      ->type_name("FILE");
  command
      .add_option("-a", options->arch, "The architecture by libseccomp's word: x86, x86_64 (the default), x32, arm, …")
      ->type_name("ARCH");
  command.add_option("-s", options->nr, "The number of the call")->type_name("NR");
  for (std::size_t i = 0; i < options->args.size(); ++i) {
    command.add_option("-" + std::to_string(i), options->args[i], fmt::format("Argument {}", i))->type_name("VALUE");
  }
  command.add_flag("-v", options->verbose, "Say which error it was");
  command.footer(
      R"(Numbers are as in C, and an option takes the next word whatever it begins with. It is for test suites that call
scmp_bpf_sim: the words, streams and exit codes are the same. Filters that use instructions which that program lacks are
decided as the kernel would.

Examples:
  callgate sim -f filter.bpf -a x86_64 -s 41 -0 38
  ln -s /usr/bin/callgate tools/scmp_bpf_sim     # by that name it is this verb

Exit code: 0 if the filter decides (ALLOW, KILL, ERRNO(1) and so on, on standard output), 8 if the filter is none or
gives no known action (ERROR), 14 if the file or the architecture is not known (FAULT).)");
  command.callback([options, &session] { session.exit = run(session, *options); });
}

}  // namespace callgate::cli
