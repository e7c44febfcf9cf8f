// callgate eval: what a chain of filters decides about system calls.
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <system_error>

#include <nlohmann/json.hpp>

#include "bpf/names.h"
#include "callgate/chain.hpp"
#include "cli/call_text.h"
#include "cli/chain_options.h"
#include "cli/command.h"
#include "cli/filter_file.h"
#include "cli/helper_32.h"
#include "oracles/harness/chain_32.h"

namespace callgate::cli {
namespace {

enum class ResultFormat { text, hex, json };

struct EvalOptions {
  std::vector<std::string> filters;
  std::string input = "-";
  bool records = false;
  ResultFormat format = ResultFormat::text;
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

  void decide(std::span<const SeccompData> calls, std::span<std::uint32_t> results) {
    if (chain_32_) return chain_32_->evaluate(calls, results.data());
    for (std::size_t i = 0; i < calls.size(); ++i) results[i] = chain_.evaluate(calls[i]);
  }
  Match match(const SeccompData& call) const { return chain_.match(call); }
  const char* name() const { return chain_32_ ? "asmjit (x86_32)" : callgate::name(chain_.engine()); }

 private:
  Chain chain_;
  std::optional<oracles::Chain32> chain_32_;
};

// Which filter decided comes from a replay on the interpreter, which must agree with the engine.
void print_json(Output& out, const Decider& decider, const SeccompData& data, std::uint32_t result) {
  const Match match = decider.match(data);
  if (match.result != result) {
    throw Failure(ExitCode::failed,
                  fmt::format("engine {} decides 0x{:08x}, the interpreter 0x{:08x}: a bug in callgate", decider.name(),
                              result, match.result));
  }
  nlohmann::ordered_json answer = {{"result", result},
                                   {"hex", fmt::format("0x{:08x}", result)},
                                   {"action", bpf::action_name(result)},
                                   {"data", data_of(result)},
                                   {"filter", nullptr}};
  if (match.filter) answer["filter"] = *match.filter;
  out.print("{}\n", answer.dump());
}

void print_decision(Output& out, const Decider& decider, const SeccompData& data, std::uint32_t result,
                    ResultFormat format) {
  switch (format) {
    case ResultFormat::text: return out.print("{}\n", bpf::result_name(result));
    case ResultFormat::hex: return out.print("0x{:08x}\n", result);
    case ResultFormat::json: return print_json(out, decider, data, result);
  }
}

template <class Answer>
void for_each_line(Session& session, Input& input, Answer answer) {
  LineReader lines(input, session.out);
  std::string_view line;
  while (lines.next(line)) {
    if (is_blank(line)) continue;
    const auto data = parse_call(line);
    if (!data) throw Failure(ExitCode::usage, lines.place() + ": " + data.error());
    answer(std::span<const SeccompData>(&*data, 1));
  }
}

template <class Answer>
void for_each_record(Input& input, Answer answer) {
  std::array<SeccompData, 1024> block{};
  const std::span<char> bytes(reinterpret_cast<char*>(block.data()), sizeof block);
  std::uint64_t done = 0;
  std::size_t count = bytes.size();
  while (count == bytes.size()) {
    count = input.read_fully(bytes);
    answer(std::span<const SeccompData>(block).first(count / sizeof(SeccompData)));
    done += count / sizeof(SeccompData);
  }
  if (const std::size_t rest = count % sizeof(SeccompData); rest != 0) {
    throw Failure(ExitCode::usage,
                  fmt::format("{}: record {} is cut off after {} of 64 bytes", input.name(), done, rest));
  }
}

ExitCode run(Session& session, const EvalOptions& options) {
  Decider decider(session, options.chain, read_filters(session, options));
  std::vector<std::uint32_t> results;
  const auto answer = [&](std::span<const SeccompData> calls) {
    results.resize(calls.size());
    decider.decide(calls, results);
    for (std::size_t i = 0; i < calls.size(); ++i) {
      print_decision(session.out, decider, calls[i], results[i], options.format);
    }
  };
  Input input(options.input);
  if (options.records) {
    for_each_record(input, answer);
  } else {
    for_each_line(session, input, answer);
  }
  return ExitCode::done;
}

}  // namespace

void add_eval(CLI::App& app, Session& session) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App& command = *app.add_subcommand("eval", "Decide system calls by a chain of filters");
  command.add_option("-f,--filter", options->filters, "A filter file, oldest first (may be repeated)")
      ->required()
      ->type_name("FILE")
      ->allow_extra_args(false);
  command.add_option("INPUT", options->input, "The calls to decide, one a line; - (the default) is standard input")
      ->type_name("");
  command.add_flag("--records", options->records, "INPUT holds 64-byte struct seccomp_data records, not lines");
  add_choice(command, "--format", options->format,
             {{"text", ResultFormat::text}, {"hex", ResultFormat::hex}, {"json", ResultFormat::json}},
             "Format of the decisions");
  add_chain_options(command, options->chain);
  add_filter_options(command, options->filter, "--input-format");
  command.footer(R"(Lines of INPUT: NR-OR-NAME A0 A1 A2 A3 A4 A5 [arch=ARCH] [ip=ADDRESS]
  Missing arguments are 0. Numbers are decimal, 0x hexadecimal, octal with a leading 0, or negative. ARCH is x86_64
  (the default), i386, x32 (x86_64 with bit 30 of the number set) or an AUDIT_ARCH_* name or number. Names of calls
  are those of the architecture. Blank lines and # comments are skipped.

Examples:
  echo 'personality 8' | callgate eval -f /usr/share/containers/seccomp.json
  echo 'socket 16 3 9' | callgate eval -f old.bpf -f new.bpf --rule most_restrictive --format json
  callgate eval -f filter.bpf --engine interp --records calls.bin
  callgate eval -f filter.bpf --target x86_32 calls   # 32-bit code, in a helper process where the command is 64-bit

Exit code: 0 if all calls are decided, 1 if a filter is invalid or a decision fails, 2 if the input cannot be read
or the engine or target is not there.)");
  command.callback([options, &session] { session.exit = run(session, *options); });
}

}  // namespace callgate::cli
