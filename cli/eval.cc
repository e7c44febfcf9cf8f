// callgate eval: what a chain of filters decides about system calls.
#include <array>
#include <cstring>
#include <memory>
#include <system_error>

#include "bpf/names.h"
#include "callgate/chain.hpp"
#include "cli/call_text.h"
#include "cli/chain_options.h"
#include "cli/command.h"
#include "cli/filter_file.h"

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
  std::string text = rule(chain.fallback_reason());
  if (chain.fallback_errno() != 0) text += ": " + std::generic_category().message(chain.fallback_errno());
  return text;
}

// An engine that was asked for by name must be the one that decides.
void check_engine(Session& session, const Chain& chain, Engine wanted) {
  if (wanted != Engine::automatic && chain.engine() != wanted) {
    throw Failure(ExitCode::usage,
                  fmt::format("engine {} cannot run this chain: {}", name(wanted),
                              chain.fallback_reason() == FallbackReason::none ? rule(AttachErrc::engine_unavailable)
                                                                              : fallback_text(chain)));
  }
  const bool by_build = chain.fallback_reason() == FallbackReason::no_jit;  // nothing went wrong
  if (chain.fallback_reason() != FallbackReason::none && !by_build) {
    say(session, fmt::format("note: engine {} decides: {}", name(chain.engine()), fallback_text(chain)));
  }
}

Chain build_chain(Session& session, const EvalOptions& options) {
  auto empty = Chain::create(options.chain);
  if (!empty) fail(empty.error(), options.chain);
  auto chain = empty->attach(read_filters(session, options));
  if (!chain) fail(chain.error(), options.chain);
  check_engine(session, *chain, options.chain.engine);
  return std::move(*chain);
}

// Which filter decided comes from a replay on the interpreter, which must agree with the engine.
void print_json(Output& out, const Chain& chain, const SeccompData& data, std::uint32_t result) {
  const Match match = chain.match(data);
  if (match.result != result) {
    throw Failure(ExitCode::failed,
                  fmt::format("engine {} decides 0x{:08x}, the interpreter 0x{:08x}: a bug in callgate",
                              name(chain.engine()), result, match.result));
  }
  out.print(R"({{"result":{},"hex":"0x{:08x}","action":"{}","data":{},"filter":{}}})"
            "\n",
            result, result, bpf::action_name(result), data_of(result),
            match.filter ? std::to_string(*match.filter) : "null");
}

void print_decision(Output& out, const Chain& chain, const SeccompData& data, ResultFormat format) {
  const std::uint32_t result = chain.evaluate(data);
  switch (format) {
    case ResultFormat::text: return out.print("{}\n", bpf::result_name(result));
    case ResultFormat::hex: return out.print("0x{:08x}\n", result);
    case ResultFormat::json: return print_json(out, chain, data, result);
  }
}

template <class Decide>
void for_each_line(Session& session, Input& input, Decide decide) {
  LineReader lines(input, session.out);
  std::string_view line;
  while (lines.next(line)) {
    if (is_blank(line)) continue;
    const auto data = parse_call(line);
    if (!data) throw Failure(ExitCode::usage, lines.place() + ": " + data.error());
    decide(*data);
  }
}

template <class Decide>
void for_each_record(Input& input, Decide decide) {
  std::array<SeccompData, 1024> block{};
  const std::span<char> bytes(reinterpret_cast<char*>(block.data()), sizeof block);
  std::uint64_t done = 0;
  std::size_t count = bytes.size();
  while (count == bytes.size()) {
    count = input.read_fully(bytes);
    for (std::size_t i = 0; i < count / sizeof(SeccompData); ++i) decide(block[i]);
    done += count / sizeof(SeccompData);
  }
  if (const std::size_t rest = count % sizeof(SeccompData); rest != 0) {
    throw Failure(ExitCode::usage,
                  fmt::format("{}: record {} is cut off after {} of 64 bytes", input.name(), done, rest));
  }
}

ExitCode run(Session& session, const EvalOptions& options) {
  const Chain chain = build_chain(session, options);
  const auto decide = [&](const SeccompData& data) { print_decision(session.out, chain, data, options.format); };
  Input input(options.input);
  if (options.records) {
    for_each_record(input, decide);
  } else {
    for_each_line(session, input, decide);
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

Exit code: 0 if all calls are decided, 1 if a filter is invalid or a decision fails, 2 if the input cannot be read
or the engine or target is not there.)");
  command.callback([options, &session] { session.exit = run(session, *options); });
}

}  // namespace callgate::cli
