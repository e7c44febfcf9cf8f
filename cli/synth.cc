// callgate synth: a profile that allows the calls of recordings.
#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "bpf/quote.h"
#include "calls/arguments.h"
#include "calls/reader.h"
#include "calls/syscall_names.h"
#include "cli/constant_names.h"
#include "cli/differ.h"
#include "cli/filter_set.h"
#include "cli/outcomes.h"

namespace callgate::cli {
namespace {

using Json = nlohmann::ordered_json;

enum class SynthFormat { oci, raw };

struct SynthOptions {
  std::vector<std::string> recordings;
  std::string within;
  std::string output = "-";
  bool arguments = false;
  SynthFormat format = SynthFormat::oci;
  FilterOptions filter;
};

constexpr std::size_t most_values = 32;  // combinations of arguments that are told one by one, for a call

using ArgumentValues = std::array<std::uint64_t, calls::argument_count>;

// Calls of one name, or number without a name, on one architecture.
struct Recorded {
  calls::Call first;
  std::set<ArgumentValues> values;  // of those whose arguments are known
  std::uint8_t known = 0x3f;        // bit i: argument i is known of all
};

struct CallKey {
  std::uint32_t arch;
  std::uint32_t nr;
  friend auto operator<=>(const CallKey&, const CallKey&) = default;
};

class Recordings {
 public:
  void read(Session& session, const std::string& name) {
    Input input(name);
    LineReader lines(input, session.out);
    calls::Reader reader;
    const calls::Sink sink = [&](const calls::Call& call) { add(call); };
    std::string_view line;
    while (lines.next(line)) {
      if (const auto error = reader.add(line, sink)) throw Failure(ExitCode::usage, lines.place() + ": " + *error);
    }
    reader.finish(sink);
    has_hashes_ |= reader.has_hashed_arguments();
    for (const std::string& remark : reader.remarks()) say(session, fmt::format("note: {}: {}", name, remark));
  }

  const std::map<CallKey, Recorded>& calls() const { return calls_; }
  const std::vector<calls::Call>& distinct() const { return distinct_; }
  bool has_hashes() const { return has_hashes_; }

 private:
  void add(const calls::Call& call) {
    const auto [at, is_new] = calls_.try_emplace({call.data.arch, call.data.nr});
    Recorded& recorded = at->second;
    if (is_new) recorded.first = call;
    ArgumentValues values{};
    for (std::size_t i = 0; i < calls::argument_count; ++i) {
      values[i] = call.data.args[i];
      if (call.unknown.args[i] != 0) recorded.known = static_cast<std::uint8_t>(recorded.known & ~(1u << i));
    }
    constexpr std::size_t most_kept = 4096;  // of one call; more than are ever told one by one
    if (recorded.values.size() >= most_kept || !recorded.values.insert(values).second) return;
    distinct_.push_back(call);
  }

  std::map<CallKey, Recorded> calls_;
  std::vector<calls::Call> distinct_;
  bool has_hashes_ = false;
};

const char* architecture_of(const CallKey& key) {
  if (key.arch == arch::x86_32) return "SCMP_ARCH_X86";
  return (key.nr & arch::x32_bit) != 0 ? "SCMP_ARCH_X32" : "SCMP_ARCH_X86_64";
}

// The arguments whose values count, by the call's name.
using Masks = std::map<std::string, std::uint8_t>;

class Synthesis {
 public:
  explicit Synthesis(const Recordings& recordings) : recordings_(recordings) {
    for (const auto& [key, recorded] : recordings_.calls()) {
      const std::string name = calls::syscall_name(key.nr, key.arch);
      if (name.empty()) {
        throw Failure(ExitCode::failed, "no rule of a profile names the call " + call_line(recorded.first.data));
      }
      names_[name].push_back(&recorded);
      architectures_.insert(architecture_of(key));
    }
  }

  // Those that are constants of the kernel's headers.
  Masks constants() const {
    Masks masks;
    for (const auto& [name, all] : names_) {
      std::uint8_t mask = 0;
      for (unsigned i = 0; i < calls::argument_count; ++i) {
        if (has_constants(name, i)) mask = static_cast<std::uint8_t>(mask | 1u << i);
      }
      if (mask != 0 && values_of(all, mask).size() <= most_values) masks[name] = mask;
    }
    return masks;
  }

  Json profile(const Masks& masks) const {
    Json names = Json::array();
    Json rules = Json::array();
    for (const auto& [name, all] : names_) {
      const auto mask = masks.find(name);
      if (mask == masks.end()) {
        names.push_back(name);
        continue;
      }
      for (const ArgumentValues& values : values_of(all, mask->second))
        rules.push_back(rule(name, mask->second, values));
    }
    if (!names.empty()) rules.insert(rules.begin(), Json{{"names", names}, {"action", "SCMP_ACT_ALLOW"}});
    Json arches = Json::array();
    for (const std::string& arch : architectures_) arches.push_back(arch);
    constexpr int enosys = 38;
    return {{"defaultAction", "SCMP_ACT_ERRNO"},
            {"defaultErrnoRet", enosys},
            {"architectures", arches},
            {"syscalls", rules}};
  }

 private:
  static std::set<ArgumentValues> values_of(const std::vector<const Recorded*>& all, std::uint8_t mask) {
    std::set<ArgumentValues> result;
    for (const Recorded* recorded : all) {
      for (ArgumentValues values : recorded->values) {
        for (std::size_t i = 0; i < values.size(); ++i) {
          if ((mask >> i & 1) == 0) values[i] = 0;
        }
        result.insert(values);
      }
    }
    return result;
  }

  // Of what the kernel takes 32 bits, 32 bits count.
  static Json rule(const std::string& name, std::uint8_t mask, const ArgumentValues& values) {
    Json args = Json::array();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if ((mask >> i & 1) == 0) continue;
      const auto known = calls::argument_of(name, i);
      const bool is_int = known && known->kind == calls::ArgumentKind::int_;
      if (is_int) {
        args.push_back({{"index", i},
                        {"value", std::uint64_t{0xffffffff}},
                        {"valueTwo", values[i] & 0xffffffff},
                        {"op", "SCMP_CMP_MASKED_EQ"}});
      } else {
        args.push_back({{"index", i}, {"value", values[i]}, {"op", "SCMP_CMP_EQ"}});
      }
    }
    return {{"names", Json::array({name})}, {"action", "SCMP_ACT_ALLOW"}, {"args", args}};
  }

  const Recordings& recordings_;
  std::map<std::string, std::vector<const Recorded*>> names_;
  std::set<std::string> architectures_;
};

// Calls of the recordings that a chain refuses, or may refuse for what the recording does not tell.
std::vector<calls::Call> refused(const Policy& policy, const Recordings& recordings) {
  std::vector<calls::Call> result;
  for (const calls::Call& call : recordings.distinct()) {
    const auto outcomes = possible_outcomes(policy.programs(), MergeRule::most_restrictive, call.data, call.unknown);
    const bool runs = !outcomes.empty() && std::ranges::all_of(outcomes, [](const Outcome& outcome) {
      return proof::lets_run(outcome.result);
    });
    if (!runs) result.push_back(call);
  }
  return result;
}

std::string lines_of(const std::vector<calls::Call>& calls) {
  constexpr std::size_t most = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(calls.size(), most); ++i) text += "\n  " + call_line(calls[i].data);
  return calls.size() > most ? text + fmt::format("\n  and {} more", calls.size() - most) : text;
}

struct Synthesized {
  Json profile;
  std::string text;
  std::vector<Insn> instructions;
};

class Synthesizer {
 public:
  Synthesizer(Session& session, const SynthOptions& options, const Recordings& recordings)
      : session_(session), options_(options), recordings_(recordings), synthesis_(recordings) {
    if (options.arguments) masks_ = synthesis_.constants();
  }

  Synthesized run() {
    std::unique_ptr<Policy> within;
    if (!options_.within.empty()) {
      within = std::make_unique<Policy>(session_, std::vector<std::string>{options_.within}, options_.filter,
                                        MergeRule::most_restrictive);
      if (const auto calls = refused(*within, recordings_); !calls.empty()) {
        throw Failure(ExitCode::failed,
                      bpf::visible(options_.within) + " refuses calls of the recordings:" + lines_of(calls));
      }
    }
    for (;;) {
      Synthesized result = make();
      const Policy policy({"the new profile"}, {verified(result.instructions)}, MergeRule::most_restrictive);
      if (const auto calls = refused(policy, recordings_); !calls.empty()) {
        throw Failure(ExitCode::not_decided, "the profile does not allow calls of the recordings:" + lines_of(calls));
      }
      if (!within || !narrow(*within, policy)) return result;
    }
  }

 private:
  Synthesized make() const {
    Synthesized result{synthesis_.profile(masks_), "", {}};
    result.text = result.profile.dump(2) + "\n";
    const auto filter = profiles::compile_oci(result.text, options_.filter.oci);
    if (!filter) throw Failure(ExitCode::failed, "the new profile: " + filter.error());
    result.instructions = filter->instructions;
    return result;
  }

  static Program verified(const std::vector<Insn>& insns) {
    auto program = verify(insns);
    if (!program) throw Failure(ExitCode::failed, "the new profile: " + to_string(program.error()));
    return std::move(*program);
  }

  // Whether the profile has to be made again with values of arguments for more calls; fails if that does not help.
  bool narrow(const Policy& within, const Policy& policy) {
    bool changed = false;
    std::string left;
    for (const DiffSection& section : differences(within, policy, true)) {
      if (!section.open.empty()) {
        throw Failure(ExitCode::not_decided, "whether it allows more is not decided: " + section.open[0]);
      }
      for (const Change& change : section.changes) {
        left = call_line(change.call);
        for (const std::string& name : change.names) changed |= masks_.try_emplace(name, 0).second;
        for (const std::string& name : change.names) changed |= widen(within, name, masks_[name]);
      }
    }
    if (!changed && !left.empty()) {
      throw Failure(ExitCode::failed, "rules of a profile cannot allow the calls of the recordings and no more than " +
                                          bpf::visible(options_.within) + " does: " + left);
    }
    return changed;
  }

  // Adds the arguments by which `within` decides.
  static bool widen(const Policy& within, const std::string& name, std::uint8_t& mask) {
    proof::Walk walk(within.chain(), proof::Budget{});
    std::uint8_t wanted = mask;
    for (const Domain& domain : domains_of(walk)) {
      for (const auto& [nr, known] : domain.names) {
        if (known == name) wanted = static_cast<std::uint8_t>(wanted | arguments_that_count(walk, domain, nr));
      }
    }
    return std::exchange(mask, wanted) != wanted;
  }

  Session& session_;
  const SynthOptions& options_;
  const Recordings& recordings_;
  Synthesis synthesis_;
  Masks masks_;
};

ExitCode run(Session& session, const SynthOptions& options) {
  Recordings recordings;
  for (const std::string& name : options.recordings) recordings.read(session, name);
  if (recordings.calls().empty()) throw Failure(ExitCode::usage, "no system call in the recordings");
  if (recordings.has_hashes() && (options.arguments || !options.within.empty())) {
    throw Failure(ExitCode::usage, "the recording's arguments are hashed: their values say nothing");
  }
  const Synthesized result = Synthesizer(session, options, recordings).run();
  const std::string content = options.format == SynthFormat::oci ? result.text : bpf::write_raw(result.instructions);
  if (options.output == "-") {
    session.out.write(content);
  } else {
    write_file(options.output, content);
  }
  say(session,
      fmt::format("{} calls, all allowed{}", recordings.calls().size(),
                  options.within.empty() ? "" : "; proved to allow nothing that " + options.within + " does not"));
  return ExitCode::done;
}

}  // namespace

void add_synth(CLI::App& app, Session& session) {
  auto options = std::make_shared<SynthOptions>();
  CLI::App& command = *app.add_subcommand("synth", "Make a profile that allows the calls of recordings, and no others");
  command
      .add_option("CALLS", options->recordings,
                  "Recordings, or what strace and the audit subsystem wrote; - is standard input")
      ->required()
      ->type_name("");
  command.add_option("--within", options->within, "A profile or filter that the new one may not go beyond")
      ->type_name("FILE");
  command.add_flag("--args", options->arguments,
                   "Also tell apart arguments that are constants of the kernel's headers (flags,\ncommands, families)");
  add_choice(command, "--format", options->format, {{"oci", SynthFormat::oci}, {"raw", SynthFormat::raw}},
             "What is written: an OCI profile, or its filter as an array of struct\nsock_filter");
  command.add_option("-o,--output", options->output, "Where it goes; - is standard output")
      ->type_name("FILE")
      ->capture_default_str();
  add_filter_options(command, options->filter, "--input-format");
  command.footer(
      R"(Calls that are not in the recordings fail with ENOSYS. The new filter is run on every recorded call. With
--within it is proved, for all calls, that it lets nothing run that the other one does not: where that one decides by
arguments, the recorded values of these arguments become conditions.

Examples:
  callgate record -o service.calls -- ./service --once
  callgate synth service.calls -o service.json
  callgate synth --args --within /usr/share/containers/seccomp.json service.calls more.calls

Exit code: 0 done, 1 if no such profile can be made, 2 if a file cannot be read, 3 if it is not decided.)");
  command.callback([options, &session] {
    std::vector<std::string> inputs = options->recordings;
    if (!options->within.empty()) inputs.push_back(options->within);
    refuse_reading_twice(inputs);
    session.exit = run(session, *options);
  });
}

}  // namespace callgate::cli
