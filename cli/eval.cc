// callgate eval: what a chain of filters decides about system calls.
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <system_error>

#include "bpf/kernel.h"
#include "bpf/quote.h"
#include "callgate/chain.hpp"
#include "calls/architecture.h"
#include "calls/reader.h"
#include "cli/chain_options.h"
#include "cli/command.h"
#include "cli/eval_answer.h"
#include "cli/eval_output.h"
#include "cli/filter_file.h"
#include "cli/helper_32.h"
#include "oracles/harness/chain_32.h"

namespace callgate::cli {
namespace {

enum class ResultFormat { text, hex, json, none };

struct EvalOptions {
  std::vector<std::string> filters;
  std::string input = "-";
  bool records = false;
  std::string arch;  // of typed lines that do not say theirs; empty: x86_64
  calls::Form form = calls::Form::automatic;
  ResultFormat format = ResultFormat::text;
  bool summary = false;
  std::optional<bpf::KernelVersion> kernel;  // given with --kernel-version
  FilterOptions filter;
  Options chain;
};

std::vector<Program> read_filters(Session& session, const EvalOptions& options) {
  std::vector<Program> programs;
  bool stdin_taken = options.input == "-";
  for (const std::string& name : options.filters) {
    if (name == "-" && std::exchange(stdin_taken, true)) {
      throw Failure(ExitCode::usage, "standard input cannot be read twice; name a file for the filter or the calls");
    }
    programs.push_back(read_program(session, name, options.filter));
  }
  return programs;
}

[[noreturn]] void fail(const AttachError& error, const Options& options) {
  if (error.code == AttachErrc::engine_unavailable || error.code == AttachErrc::target_unavailable) {
    throw Failure(ExitCode::usage, fmt::format("engine {}, target {}: {}", name(options.engine), name(options.target),
                                               to_string(error)));
  }
  throw Failure(ExitCode::failed, to_string(error));
}

std::string fallback_text(const Chain& chain) {
  std::string text = message(chain.fallback_reason());
  if (chain.fallback_errno() != 0) text += ": " + std::generic_category().message(chain.fallback_errno());
  return text;
}

// An engine that was asked for by name must be the one that decides.
void check_engine(Session& session, const Chain& chain, Engine wanted) {
  if (wanted != Engine::automatic && chain.engine() != wanted) {
    throw Failure(ExitCode::usage,
                  fmt::format("engine {} cannot run this chain: {}", name(wanted),
                              chain.fallback_reason() == FallbackReason::none ? message(AttachErrc::engine_unavailable)
                                                                              : fallback_text(chain)));
  }
  const bool by_build = chain.fallback_reason() == FallbackReason::no_jit;  // nothing went wrong
  if (chain.fallback_reason() != FallbackReason::none && !by_build) {
    say(session, fmt::format("note: engine {} decides: {}", name(chain.engine()), fallback_text(chain)));
  }
}

Chain build_chain(const Options& options, std::span<const Program> filters) {
  auto empty = Chain::create(options);
  if (!empty) fail(empty.error(), options);
  auto chain = empty->attach(filters);
  if (!chain) fail(chain.error(), options);
  return std::move(*chain);
}

// Whether another process has to run the code: x86_32 code, asked for from a 64-bit command.
bool needs_helper(const Options& options) {
  const bool can_be_asmjit = options.engine == Engine::automatic || options.engine == Engine::asmjit;
  return sizeof(void*) == 8 && options.target == Target::x86_32 && can_be_asmjit;
}

// The chain that replays calls beside the helper's code.
Options replaying(Options options) {
  options.engine = Engine::interpreter;
  options.target = Target::native;
  return options;
}

// What decides the calls: the chain, or x86_32 code of the same filters in the helper process.
class Decider {
 public:
  Decider(Session& session, const Options& options, const std::vector<Program>& filters)
      : chain_(build_chain(needs_helper(options) ? replaying(options) : options, filters)) {
    if (!needs_helper(options)) {
      check_engine(session, chain_, options.engine);
      return;
    }
    auto made = oracles::Chain32::make(filters, options.rule, options.optimize, helper_32());
    if (!made) throw Failure(ExitCode::usage, "target x86_32: " + made.error());
    say_who_runs_32_bit_code(session);
    chain_32_.emplace(std::move(*made));
  }

  void decide(std::span<const SeccompData> calls, std::span<std::uint32_t> results) const {
    if (chain_32_) return chain_32_->evaluate(calls, results.data());
    for (std::size_t i = 0; i < calls.size(); ++i) results[i] = chain_.evaluate(calls[i]);
  }
  const char* name() const { return chain_32_ ? "asmjit (x86_32)" : callgate::name(chain_.engine()); }

 private:
  Chain chain_;
  mutable std::optional<oracles::Chain32> chain_32_;
};

// Writes answers in the format that was asked for, and counts them.
class Answers {
 public:
  Answers(Session& session, const EvalOptions& options, const Decider& decider, const std::vector<Program>& filters)
      : out_(session.out), options_(options), decider_(decider), judge_(filters, options.chain.rule, options.kernel) {}

  void add(std::span<const calls::Call> calls) {
    inputs_.clear();
    for (const calls::Call& call : calls) inputs_.push_back(call.data);
    results_.resize(calls.size());
    decider_.decide(inputs_, results_);
    for (std::size_t i = 0; i < calls.size(); ++i) add(calls[i], results_[i]);
  }

  void finish() const {
    if (!options_.summary) return;
    if (options_.format == ResultFormat::json) return summary_.print_json(out_);
    if (options_.format != ResultFormat::none && calls_ > 0) out_.print("\n");
    summary_.print(out_);
  }

  std::uint64_t count() const { return calls_; }
  std::uint64_t unknown() const { return unknown_; }
  std::uint64_t assuming_zero() const { return assuming_zero_; }

 private:
  void add(const calls::Call& call, std::uint32_t result) {
    const Answer answer = judge_.judge(call, result, decider_.name());
    ++calls_;
    unknown_ += !answer.result;
    assuming_zero_ += answer.assumes_zero;
    if (options_.summary) summary_.add(call, answer, options_.filters);
    switch (options_.format) {
      case ResultFormat::text: return out_.print("{}\n", answer_text(call, answer, options_.filters));
      case ResultFormat::json: return out_.print("{}\n", answer_json(call, answer, options_.filters));
      case ResultFormat::hex: return print_hex(answer);
      case ResultFormat::none: return;
    }
  }

  void print_hex(const Answer& answer) { answer.result ? out_.print("0x{:08x}\n", *answer.result) : out_.print("?\n"); }

  Output& out_;
  const EvalOptions& options_;
  const Decider& decider_;
  Judge judge_;
  EvalSummary summary_;
  std::vector<SeccompData> inputs_;
  std::vector<std::uint32_t> results_;
  std::uint64_t calls_ = 0;
  std::uint64_t unknown_ = 0;
  std::uint64_t assuming_zero_ = 0;
};

// "3 signals, 1 other line"; empty if there was nothing to skip.
std::string skipped_text(const calls::Skipped& skipped) {
  std::string text;
  const auto add = [&](std::size_t count, const char* singular, const char* plural) {
    if (count == 0) return;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, count == 1 ? singular : plural);
  };
  add(skipped.resumed, "second half of a call", "second halves of calls");
  add(skipped.signals, "signal", "signals");
  add(skipped.exits, "end of a thread", "ends of threads");
  add(skipped.notices, "notice", "notices");
  add(skipped.records, "other audit record", "other audit records");
  add(skipped.other, "other line", "other lines");
  add(skipped.odd, "call that cannot be read", "calls that cannot be read");
  return text;
}

void say_what_was_skipped(Session& session, const std::string& name, const calls::Reader& reader) {
  constexpr std::size_t longest = 100;
  const calls::Skipped& skipped = reader.skipped();
  for (const calls::OddLine& line : skipped.first) {
    say(session,
        fmt::format("{}:{}: skipped: {}: {}", name, line.line, line.reason, bpf::harmless(line.text, longest)));
  }
  if (const std::string text = skipped_text(skipped); !text.empty()) {
    say(session, fmt::format("note: {}: lines that are no calls: {}", name, text));
  }
  if (skipped.guessed_arch > 0) {
    say(session,
        fmt::format("note: {}: of {} calls name and number do not tell whether they are of x86_64 or i386: taken "
                    "as the thread's last",
                    name, skipped.guessed_arch));
  }
  for (const std::string& remark : reader.remarks()) say(session, fmt::format("note: {}: {}", name, remark));
}

// Of a recording.
bool tells_a_call(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t\r");
  return first != std::string_view::npos && line[first] != '#';
}

calls::Architecture usual_architecture(const EvalOptions& options) {
  if (options.arch.empty()) return {};
  const auto known = calls::parse_architecture(options.arch);
  if (!known) throw Failure(ExitCode::usage, "--arch: " + calls::unknown_architecture(options.arch));
  return *known;
}

// Whether every line that looked like a call was one.
bool read_lines(Session& session, Input& input, const EvalOptions& options, Answers& answers) {
  LineReader lines(input, session.out);
  calls::Reader reader(options.form, usual_architecture(options));
  const calls::Sink answer = [&](const calls::Call& call) { answers.add(std::span(&call, 1)); };
  std::string_view line;
  while (lines.next(line)) {
    if (lines.is_cut() && reader.form() == calls::Form::recording && tells_a_call(line)) {
      throw Failure(ExitCode::usage, lines.place() +
                                         ": the recording is cut off: no line end follows, so a number may "
                                         "be shorter than it was");
    }
    if (const auto error = reader.add(line, answer)) {
      throw Failure(ExitCode::usage, lines.place() + ": " + *error);
    }
  }
  reader.finish(answer);
  say_what_was_skipped(session, input.name(), reader);
  return reader.skipped().odd == 0;
}

// How many arguments to show: those behind the last one that is not 0 are most likely not used.
std::uint8_t used_arguments(const SeccompData& data) {
  std::size_t count = calls::argument_count;
  while (count > 0 && data.args[count - 1] == 0) --count;
  return static_cast<std::uint8_t>(count);
}

void read_records(Input& input, Answers& answers) {
  std::array<SeccompData, 1024> block{};
  const std::span<char> bytes(reinterpret_cast<char*>(block.data()), sizeof block);
  std::vector<calls::Call> calls;
  std::uint64_t done = 0;
  std::size_t count = bytes.size();
  while (count == bytes.size()) {
    count = input.read_fully(bytes);
    calls.clear();
    for (const SeccompData& data : std::span(block).first(count / sizeof(SeccompData))) {
      calls::Call& call = calls.emplace_back();
      call.data = data;
      call.shown = used_arguments(data);
      call.line = ++done;
    }
    answers.add(calls);
  }
  if (const std::size_t rest = count % sizeof(SeccompData); rest != 0) {
    throw Failure(ExitCode::usage,
                  fmt::format("{}: record {} is cut off after {} of 64 bytes", input.name(), done, rest));
  }
}

ExitCode run(Session& session, const EvalOptions& options) {
  const std::vector<Program> filters = read_filters(session, options);
  Decider decider(session, options.chain, filters);
  Answers answers(session, options, decider, filters);
  Input input(options.input);
  bool all_read = true;
  if (options.records) {
    read_records(input, answers);
  } else {
    all_read = read_lines(session, input, options, answers);
  }
  answers.finish();
  const bool has_notes = options.format == ResultFormat::text || options.format == ResultFormat::json;
  if (!has_notes && answers.assuming_zero() > 0) {
    say(session, fmt::format("note: decided for 0 in arguments that are not given: {} of {} calls",
                             answers.assuming_zero(), answers.count()));
  }
  if (answers.unknown() > 0) {
    say(session, fmt::format("note: not decided, as it depends on what the input does not tell: {} of {} calls",
                             answers.unknown(), answers.count()));
  }
  return all_read && answers.unknown() == 0 ? ExitCode::done : ExitCode::failed;
}

}  // namespace

void add_eval(CLI::App& app, Session& session) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App& command = *app.add_subcommand("eval", "Decide system calls by a chain of filters");
  command.add_option("-f,--filter", options->filters, "A filter file, oldest first (may be repeated)")
      ->required()
      ->type_name("FILE")
      ->allow_extra_args(false);
  command.add_option("INPUT", options->input, "The calls to decide; - (the default) is standard input")->type_name("");
  CLI::Option* const records =
      command.add_flag("--records", options->records, "INPUT holds 64-byte struct seccomp_data records, not lines");
  add_choice(command, "--calls", options->form,
             {{"auto", calls::Form::automatic},
              {"lines", calls::Form::lines},
              {"recording", calls::Form::recording},
              {"strace", calls::Form::strace},
              {"audit", calls::Form::audit}},
             "Who wrote the lines of INPUT")
      ->excludes(records);
  command.add_option("--arch", options->arch, "The architecture of lines without arch= (x86_64 if not given)")
      ->type_name("ARCH")
      ->excludes(records);
  CLI::Option* const format = add_choice(command, "--format", options->format,
                                         {{"text", ResultFormat::text},
                                          {"hex", ResultFormat::hex},
                                          {"json", ResultFormat::json},
                                          {"none", ResultFormat::none}},
                                         "Format of the decisions");
  command
      .add_flag_callback(
          "--json", [options] { options->format = ResultFormat::json; }, "The same as --format json")
      ->excludes(format);
  command.add_flag("--summary", options->summary, "At the end, a table: how often which call was decided how");
  add_chain_options(command, options->chain);
  add_filter_options(command, options->filter, "--input-format");
  command.footer(R"(An answer is a line: the decision, the call, and the filter and instruction that decided, such as
  ERRNO(38) ENOSYS  socket(0x10, 3, 9)  filter 0 at 12
The decision comes first; it is "?" if it depends on an argument that the input does not tell. What is taken as 0
because it was left out is said in the line if the decision depends on it.

INPUT is any of these; each line is recognised by what it looks like:
  NR-OR-NAME A0 A1 A2 A3 A4 A5 [arch=ARCH] [ip=ADDRESS]
      Arguments that are left out are taken as 0; ? is one that is not known. Numbers are decimal, 0x hexadecimal,
      octal with a leading 0, or negative; O_RDONLY|O_CLOEXEC and the like are known. ARCH is x86_64 (or what --arch
      says), i386, x32 (x86_64 with bit 30 of the number set), an AUDIT_ARCH_* name or number, or its eight digits as in
      audit records. Names of calls are those of the architecture (x86 only). Blank lines and # comments are skipped.
      A negative int (openat's -100) is what glibc passes: its 32 bits, and 0 above them. musl and Go extend the sign;
      where that would be decided otherwise the line says so. Other negative numbers fill 64 bits.
  a recording of callgate record, known by its header. Its arguments are hexadecimal.
  what strace writes, with -f -n -i -t -r -T -y -k -e raw=all or without; halves of interrupted calls are joined. With
      -n and -e raw=all nothing is lost that the call uses. Without, strings and structures are arguments that are not
      known, of a negative int the upper half is not, and other ints have 0 there.
  audit records (type=SECCOMP, type=1326, type=SYSCALL) from audit.log, the journal, the kernel's log or ausearch.
Lines of strace and of logs that are no calls are skipped, and counted on standard error.

Filters decide calls 335 (uretprobe, to Linux 6.13) and 336 (uprobe, to Linux 6.17) of x86_64 on older kernels only:
--kernel-version says which kernel is asked about.

Examples:
  echo 'personality 8' | callgate eval -f /usr/share/containers/seccomp.json
  echo 'socket 16 3 9' | callgate eval -f old.bpf -f new.bpf --rule most_restrictive --json
  strace -f -n -e raw=all -o calls.strace ./service; callgate eval -f filter.bpf --summary calls.strace
  journalctl -k -g type=1326 | callgate eval -f filter.bpf
  callgate eval -f filter.bpf --engine interp --records calls.bin
  callgate eval -f filter.bpf --target x86_32 calls   # 32-bit code, in a helper process where the command is 64-bit

Exit code: 0 if all calls are decided; 1 if a filter is invalid, a decision fails or is not known, or a call in what
strace or the audit subsystem wrote cannot be read; 2 if the input cannot be read or the engine or target is not
there.)");
  command.callback([options, &session, &command] {
    const profiles::KernelVersion kernel = options->filter.oci.kernel;
    if (command.count("--kernel-version") > 0) options->kernel = bpf::KernelVersion{kernel.major, kernel.minor};
    session.exit = run(session, *options);
  });
}

}  // namespace callgate::cli
