// callgate lint: what is likely wrong with a policy, each with a call that shows it.
#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "bpf/opcode.h"
#include "bpf/quote.h"
#include "callgate/version.hpp"
#include "calls/int_arguments.h"
#include "cli/constant_names.h"
#include "cli/decision_text.h"
#include "cli/policy.h"

namespace callgate::cli {
namespace {

using proof::IntervalSet;
using proof::Path;

enum class LintFormat { text, json, sarif };

struct LintOptions {
  std::vector<std::string> files;
  LintFormat format = LintFormat::text;
  MergeRule rule = MergeRule::most_restrictive;
  FilterOptions filter;
};

struct Finding {
  std::string id;
  std::string message;
  SeccompData call{};
  std::uint32_t decision = 0;
};

// What the kernel takes 64 bits of although a C library's prototype may say int; the rest of calls/int_arguments.cc are
// ints of the kernel (include/linux/syscalls.h, Linux 6.12, read in November 2026).
constexpr std::string_view longs_of_the_kernel[] = {
    "preadv:0", "preadv2:0", "pwritev:0",    "pwritev2:0",   "readv:0", "unshare:0", "writev:0",
    "keyctl:1", "ptrace:1",  "pkey_alloc:0", "pkey_alloc:1", "mmap:4",  "ptrace:0"};
// Arguments of which the kernel takes 64 bits and by which policies decide: unsigned long and size_t of the same file.
constexpr std::string_view long_arguments[] = {
    "mmap:0",  "mmap:1",    "mmap:2",  "mmap:3",  "mprotect:1", "mprotect:2", "munmap:1", "read:2",   "write:2",
    "clone:0", "unshare:0", "ioctl:2", "prctl:1", "prctl:2",    "ptrace:0",   "mremap:3", "sendto:2", "recvfrom:2"};

bool is_in(std::span<const std::string_view> list, std::string_view call, std::size_t argument) {
  return std::ranges::find(list, fmt::format("{}:{}", call, argument)) != list.end();
}

bool takes_32_bits(std::string_view call, std::size_t argument) {
  return (calls::int_arguments(call) >> argument & 1) != 0 && !is_in(longs_of_the_kernel, call, argument);
}

// A call that is refused, and others that do the same.
struct Twins {
  const char* call;
  std::initializer_list<const char*> twins;
  const char* why;
};
const Twins all_twins[] = {
    {"open", {"openat", "openat2", "creat"}, "opens files as well"},
    {"openat", {"openat2", "open"}, "opens files as well"},
    {"execve", {"execveat"}, "runs programs as well"},
    {"ptrace", {"process_vm_readv", "process_vm_writev"}, "reaches into other processes as well"},
    {"socket", {"io_uring_setup"}, "makes sockets without a call that a filter sees"},
    {"connect", {"io_uring_setup"}, "connects without a call that a filter sees"},
    {"openat", {"io_uring_setup"}, "opens files without a call that a filter sees"},
    {"mount", {"move_mount"}, "mounts as well"},
    {"unshare", {"setns"}, "enters namespaces as well"},
    {"chmod", {"fchmodat", "fchmodat2"}, "changes modes as well"},
    {"kill", {"tkill", "tgkill", "pidfd_send_signal"}, "sends signals as well"},
    {"init_module", {"finit_module"}, "loads modules as well"},
    {"kexec_load", {"kexec_file_load"}, "loads kernels as well"},
    {"setxattr", {"setxattrat"}, "sets attributes as well"},
};

// What may become of a call.
struct Fate {
  std::optional<SeccompData> run;      // a call that the kernel carries out
  std::optional<SeccompData> refused;  // and one that it does not
  bool never_runs() const { return !run && refused; }
  bool always_runs() const { return run && !refused; }
};

// Whether the kernel's cache of constant ALLOWs can know it: seccomp_is_const_allow() in kernel/seccomp.c follows loads
// of number and architecture, jumps on constants, AND, and RET K, and gives up on everything else.
bool is_known_to_the_cache(const Program& program, const SeccompData& data) {
  using bpf::Opcode;
  std::uint32_t a = 0;
  const auto instructions = program.instructions();
  for (std::size_t pc = 0; pc < instructions.size(); ++pc) {
    const Insn& insn = instructions[pc];
    bool taken = false;
    switch (bpf::opcode_of(insn)) {
      case Opcode::ld_abs:
        if (insn.k > 4) return false;
        a = insn.k == 0 ? data.nr : data.arch;
        continue;
      case Opcode::ret_k: return insn.k == action::allow;
      case Opcode::ja: pc += insn.k; continue;
      case Opcode::and_k: a &= insn.k; continue;
      case Opcode::jeq_k: taken = a == insn.k; break;
      case Opcode::jge_k: taken = a >= insn.k; break;
      case Opcode::jgt_k: taken = a > insn.k; break;
      case Opcode::jset_k: taken = (a & insn.k) != 0; break;
      default: return false;
    }
    pc += taken ? insn.jt : insn.jf;
  }
  return false;
}

class Linter {
 public:
  explicit Linter(const Policy& policy)
      : policy_(policy), walk_(policy.chain(), proof::Budget{}), domains_(domains_of(walk_)) {}

  std::vector<Finding> run() {
    architectures();
    multiplexers();
    widths();
    twins();
    clone3();
    new_calls();
    filters_that_never_act();
    odd_results();
    cache();
    return std::move(findings_);
  }

  bool is_open() const { return is_open_; }

 private:
  static constexpr std::size_t most_paths = 2000;
  const Domain& native() const { return domains_[0]; }

  void find(const char* id, std::string message, const SeccompData& call) {
    findings_.push_back({id, std::move(message), call, policy_.decide(call)});
  }

  static std::optional<std::uint32_t> number_of(const Domain& domain, std::string_view name) {
    for (const auto& [nr, known] : domain.names) {
      if (known == name) return nr;
    }
    return std::nullopt;
  }

  // The paths of one number, each with a decision.
  std::vector<Path> paths_of(const Domain& domain, std::uint32_t nr) {
    std::vector<Path> paths;
    for (const DomainPart& part : parts_in(walk_, domain)) {
      if (!part.numbers.contains(nr)) continue;
      std::vector<Path> of_part;
      if (!walk_.paths(*part.part, most_paths, of_part, [](proof::DiagramId) { return true; })) is_open_ = true;
      for (const Path& path : of_part) {
        if (path.leaf == proof::undecided)
          is_open_ = true;
        else
          paths.push_back(with_numbers(path, walk_.terms(), domain, IntervalSet::of(nr)));
      }
    }
    return paths;
  }

  const Fate& fate_of(const Domain& domain, std::uint32_t nr) {
    const auto [at, is_new] = fates_.try_emplace({domain.name, nr});
    if (!is_new) return at->second;
    for (const Path& path : paths_of(domain, nr)) {
      const auto call = call_of(walk_, path);
      if (!call) continue;
      (proof::lets_run(policy_.decide(*call)) ? at->second.run : at->second.refused) = call;
    }
    return at->second;
  }
  Fate fate_of(const Domain& domain, std::string_view name) {
    const auto nr = number_of(domain, name);
    return nr ? fate_of(domain, *nr) : Fate{};
  }

  // Calls by name that never run on x86_64, and run on another architecture.
  void compare_with(const Domain& other, const char* id, const char* what) {
    std::vector<std::string> names;
    std::optional<SeccompData> example;
    for (const auto& [nr, name] : native().names) {
      if (!fate_of(native(), nr).never_runs()) continue;
      const Fate fate = fate_of(other, name);
      if (!fate.run) continue;
      if (!example) example = fate.run;
      names.push_back(name);
    }
    if (example)
      find(id, fmt::format("{}: {} run there and never on x86_64: {}", what, count_text(names), short_list(names)),
           *example);
  }

  static std::string count_text(const std::vector<std::string>& names) {
    return names.size() == 1 ? "one call can" : fmt::format("{} calls can", names.size());
  }
  static std::string short_list(const std::vector<std::string>& names) {
    constexpr std::size_t most = 6;
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), most); ++i) text += (i == 0 ? "" : ", ") + names[i];
    return names.size() > most ? text + ", …" : text;
  }

  void architectures() {
    const bool looks = std::ranges::any_of(walk_.parts(), [](const proof::Part& p) { return !p.arches.is_all(); });
    if (!looks) {
      for (const auto& [nr, name] : native().names) {
        const Fate& fate = fate_of(native(), nr);
        const Fate other = fate_of(domains_[2], name);
        if (!fate.never_runs() || !other.run) continue;
        return find("no-architecture",
                    fmt::format("the filters never look at the architecture, whose numbers mean other calls: {} is "
                                "refused on x86_64 and runs on i386",
                                name),
                    *other.run);
      }
      return;
    }
    compare_with(domains_[1], "x32-open", "the numbers of x32 are left open");
    compare_with(domains_[2], "i386-open", "i386 is left open");
  }

  void multiplexers() {
    const auto look = [&](const char* through, std::initializer_list<const char*> direct) {
      const Fate fate = fate_of(domains_[2], through);
      if (!fate.run) return;
      for (const char* name : direct) {
        const Fate here = fate_of(domains_[2], name);
        const Fate native_fate = fate_of(native(), name);
        if (!here.refused && !native_fate.refused) continue;
        return find(
            "multiplexer-open",
            fmt::format(
                "{} of i386 does what {} does, which is refused or restricted, and no filter sees what it points to",
                through, name),
            *fate.run);
      }
    };
    look("socketcall", {"socket", "connect", "bind", "listen", "sendto", "recvfrom", "setsockopt"});
    look("ipc", {"shmget", "semget", "msgget", "shmat"});
  }

  // Halves of arguments that the filters look at, or not, otherwise than the kernel does.
  void widths() {
    for (const auto& [nr, name] : native().names) {
      std::set<std::size_t> told;
      for (const Path& path : paths_of(native(), nr)) {
        const auto& decision = walk_[path.leaf].decisions[0];
        if (!walk_.terms().is_constant(decision.result) || !proof::lets_run(walk_.terms()[decision.result].a)) continue;
        for (const proof::Literal& literal : path.conditions) {
          const proof::Term& term = walk_.terms()[literal.term];
          if (term.op != proof::TermOp::word || term.a < 4) continue;
          const std::size_t argument = (term.a - 4) / 2;
          if (told.contains(argument)) continue;
          if (term.a % 2 == 1 ? upper_half_passes(name, argument) : lower_half_alone(name, argument, path))
            told.insert(argument);
        }
      }
    }
  }

  // The kernel takes 32 bits, and a value passes that is refused without its upper half.
  bool upper_half_passes(const std::string& name, std::size_t argument) {
    if (!takes_32_bits(name, argument)) return false;
    for (const Path& refused : paths_of(native(), *number_of(native(), name))) {
      const auto& decision = walk_[refused.leaf].decisions[0];
      if (!walk_.terms().is_constant(decision.result) || proof::lets_run(walk_.terms()[decision.result].a)) continue;
      const auto call = call_of(walk_, refused);
      if (!call) continue;
      SeccompData passing = *call;
      passing.args[argument] = (passing.args[argument] & 0xffffffff) | std::uint64_t{1} << 32;
      SeccompData cut = passing;
      cut.args[argument] &= 0xffffffff;
      if (!proof::lets_run(policy_.decide(passing)) || proof::lets_run(policy_.decide(cut))) continue;
      find("upper-half-passes",
           fmt::format("{}: the kernel takes 32 bits of argument {}, the filter compares 64: with a bit in the upper "
                       "half the call runs that is refused without",
                       name, argument),
           passing);
      return true;
    }
    return false;
  }

  // The kernel takes 64 bits, and the filter compares the lower half with a value alone.
  bool lower_half_alone(const std::string& name, std::size_t argument, const Path& path) {
    if (!is_in(long_arguments, name, argument) || is_flags(name, argument)) return false;
    const proof::TermId upper = walk_.terms().word(static_cast<std::uint32_t>(5 + 2 * argument));
    if (std::ranges::any_of(path.conditions, [&](const proof::Literal& l) { return l.term == upper; })) return false;
    Path high = path;
    high.conditions.push_back({upper, IntervalSet(1, proof::largest_word)});
    const auto call = call_of(walk_, high);
    if (!call || !proof::lets_run(policy_.decide(*call))) return false;
    find("lower-half-alone",
         fmt::format("{}: the kernel takes 64 bits of argument {}, the filter compares the lower half only", name,
                     argument),
         *call);
    return true;
  }

  void twins() {
    std::set<std::string> told;
    for (const Twins& group : all_twins) {
      const Fate fate = fate_of(native(), group.call);
      if (!fate.never_runs()) continue;
      for (const char* twin : group.twins) {
        const Fate other = fate_of(native(), twin);
        if (!other.run || !told.insert(twin).second) continue;
        find("twin-open", fmt::format("{} never runs, and {}, which {}, does", group.call, twin, group.why),
             *other.run);
      }
    }
  }

  void clone3() {
    const Fate clone = fate_of(native(), "clone");
    const Fate fate = fate_of(native(), "clone3");
    if (clone.run && clone.refused && fate.run) {
      find("clone3-open", "clone is restricted by its flags, and clone3, whose flags no filter sees, runs", *fate.run);
    }
    if (!clone.run || !fate.refused) return;
    constexpr std::uint32_t enosys = action::errno_ | 38;
    if (policy_.decide(*fate.refused) == enosys) return;
    find("clone3-not-enosys",
         "clone3 is refused with something else than ENOSYS, for which alone C libraries fall back to clone",
         *fate.refused);
  }

  void new_calls() {
    constexpr std::uint32_t unnamed = 1000;
    const Fate& fate = fate_of(native(), unnamed);
    if (!fate.refused) return;
    const std::uint32_t decision = policy_.decide(*fate.refused);
    if (action_of(decision) != action::errno_ || data_of(decision) == 38) return;
    find("new-calls-not-enosys",
         fmt::format(
             "calls newer than the policy get {}, and programs that try them do not fall back as they do after ENOSYS",
             decision_text(decision)),
         *fate.refused);
  }

  void filters_that_never_act() {
    constexpr std::size_t most = 16;
    const std::vector<Program>& programs = policy_.programs();
    if (programs.size() < 2 || programs.size() > most) return;
    for (std::size_t i = 0; i < programs.size(); ++i) {
      std::vector<Program> others = programs;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
      const proof::ChainRef without{others, policy_.chain().rule};
      if (proof::compare(policy_.chain(), without).verdict != proof::Verdict::equal) continue;
      find("filter-never-acts", fmt::format("filter {}, {}, changes no decision of the chain", i, policy_.files()[i]),
           SeccompData{0, arch::x86_64, 0, {}});
    }
  }

  void odd_results() {
    std::set<std::string> told;
    for (const DomainPart& part : parts_in(walk_, native())) {
      std::vector<Path> paths;
      if (!walk_.paths(*part.part, most_paths, paths, [](proof::DiagramId) { return true; })) is_open_ = true;
      for (const Path& path : paths) {
        if (path.leaf == proof::undecided) continue;
        const auto& decision = walk_[path.leaf].decisions[0];
        if (!walk_.terms().is_constant(decision.result)) continue;
        const std::uint32_t result = walk_.terms()[decision.result].a;
        const Path here = with_numbers(path, walk_.terms(), native(), part.numbers);
        const auto write = number_of(native(), "write");
        if (action_of(result) == action::user_notif && write && part.numbers.contains(*write) &&
            told.insert("write").second) {
          if (const auto call = call_of(walk_, with_numbers(here, walk_.terms(), native(), IntervalSet::of(*write)))) {
            find("notify-write",
                 "write asks a supervisor: one that writes for the process, or logs by way of it, waits for itself",
                 *call);
          }
        }
        const bool unknown = bpf_action_is_unknown(result);
        const bool large = action_of(result) == action::errno_ && data_of(result) > 4095;
        if (!unknown && !large) continue;
        if (!told.insert(unknown ? "unknown" : "large").second) continue;
        const auto call = call_of(walk_, here);
        if (!call) continue;
        if (unknown)
          find("unknown-action",
               fmt::format("the result {:#x} has an action that no kernel knows, for which it kills the process",
                           result),
               *call);
        else
          find("errno-too-large", fmt::format("ERRNO({}): the kernel returns 4095 at most", data_of(result)), *call);
      }
    }
  }

  static bool bpf_action_is_unknown(std::uint32_t result) {
    return std::string_view(callgate::action_name(result)) == "UNKNOWN";
  }

  void cache() {
    std::vector<std::string> names;
    std::optional<SeccompData> example;
    for (const auto& [nr, name] : native().names) {
      if (!fate_of(native(), nr).always_runs()) continue;
      const SeccompData call = *fate_of(native(), nr).run;
      if (policy_.decide(call) != action::allow) continue;
      const auto known = [&](const Program& program) { return is_known_to_the_cache(program, call); };
      if (std::ranges::all_of(policy_.programs(), known)) continue;
      if (!example) example = call;
      names.push_back(name);
    }
    if (example)
      find("not-cached",
           fmt::format("{} always be allowed without the kernel's cache knowing it, as an argument is looked at or "
                       "something is computed before: {}",
                       names.size() == 1 ? "one call will" : fmt::format("{} calls will", names.size()),
                       short_list(names)),
           *example);
  }

  const Policy& policy_;
  proof::Walk walk_;
  std::vector<Domain> domains_;
  std::map<std::pair<std::string, std::uint32_t>, Fate> fates_;
  std::vector<Finding> findings_;
  bool is_open_ = false;
};

std::string sarif_text(const std::vector<Finding>& findings, const Policy& policy) {
  nlohmann::ordered_json results = nlohmann::ordered_json::array();
  nlohmann::ordered_json rules = nlohmann::ordered_json::array();
  std::set<std::string> ids;
  for (const Finding& finding : findings) {
    if (ids.insert(finding.id).second) rules.push_back({{"id", finding.id}});
    nlohmann::ordered_json locations = nlohmann::ordered_json::array();
    for (const std::string& file : policy.files()) {
      locations.push_back({{"physicalLocation", {{"artifactLocation", {{"uri", bpf::visible(file)}}}}}});
    }
    results.push_back({{"ruleId", finding.id},
                       {"level", "warning"},
                       {"message",
                        {{"text", finding.message + ". Such as: " + call_line(finding.call) + ": " +
                                      decision_text(finding.decision)}}},
                       {"locations", locations}});
  }
  const nlohmann::ordered_json driver = {{"name", "callgate"}, {"version", CALLGATE_VERSION}, {"rules", rules}};
  const nlohmann::ordered_json one_run = {{"tool", {{"driver", driver}}}, {"results", results}};
  return json_text({{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                    {"version", "2.1.0"},
                    {"runs", nlohmann::ordered_json::array({one_run})}});
}

void print(Output& out, const std::vector<Finding>& findings, const Policy& policy, LintFormat format) {
  if (format == LintFormat::sarif) return out.write(sarif_text(findings, policy));
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    if (format == LintFormat::text) {
      out.print("{}: {}\n    such as: {}  {}\n", finding.id, bpf::visible(finding.message), call_line(finding.call),
                decision_text(finding.decision));
    }
    json.push_back({{"id", finding.id},
                    {"message", finding.message},
                    {"example", call_json(finding.call)},
                    {"decision", decision_text(finding.decision)}});
  }
  if (format == LintFormat::json) out.write(json_text(json));
  if (format == LintFormat::text && findings.empty()) out.write("nothing found\n");
}

ExitCode run(Session& session, const LintOptions& options) {
  const Policy policy(session, options.files, options.filter, options.rule);
  Linter linter(policy);
  const std::vector<Finding> findings = linter.run();
  print(session.out, findings, policy, options.format);
  if (linter.is_open()) say(session, "note: not all was decided");
  return !findings.empty() ? ExitCode::failed : linter.is_open() ? ExitCode::not_decided : ExitCode::done;
}

}  // namespace

void add_lint(CLI::App& app, Session& session) {
  auto options = std::make_shared<LintOptions>();
  CLI::App& command = *app.add_subcommand("lint", "Tell what is likely wrong with a policy");
  add_filter_files(command, options->files, "The filters of one chain, oldest first");
  add_choice(command, "--format", options->format,
             {{"text", LintFormat::text}, {"json", LintFormat::json}, {"sarif", LintFormat::sarif}},
             "Format of the findings");
  add_rule_option(command, options->rule);
  add_filter_options(command, options->filter, "--input-format");
  command.footer(R"(A finding has a name, a reason, and a call that shows it, as "callgate eval" reads it:
  no-architecture, x32-open, i386-open    calls that are refused on x86_64 run by other numbers
  multiplexer-open                        socketcall or ipc of i386 beside restricted direct calls
  upper-half-passes, lower-half-alone     64 bits are compared of an int, or 32 of a long
  twin-open, clone3-open                  another call does what is refused
  clone3-not-enosys, new-calls-not-enosys programs will not fall back
  filter-never-acts                       a filter of the chain that changes nothing
  unknown-action, errno-too-large, notify-write
  not-cached                              calls that the kernel's cache of constant decisions cannot know

Examples:
  callgate lint profile.json
  callgate lint --format sarif base.bpf service.bpf

Exit code: 0 if nothing is found, 1 if something is, 2 if a file cannot be read, 3 if not all could be decided.)");
  command.callback([options, &session] {
    require_filter_files(options->files);
    session.exit = run(session, *options);
  });
}

}  // namespace callgate::cli
