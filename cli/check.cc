// callgate check: is this a filter that seccomp(2) accepts?
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "bpf/quote.h"
#include "cli/command.h"
#include "cli/filter_file.h"
#include "verifier/verify.h"

namespace callgate::cli {
namespace {

struct CheckOptions {
  std::vector<std::string> files;
  bool verdicts = false;
  FilterOptions filter;
};

ExitCode worse(ExitCode a, ExitCode b) { return a < b ? b : a; }

ExitCode check_file(Session& session, const std::string& name, const FilterOptions& options) {
  try {
    const std::vector<Insn> program = read_filter_file(session, name, options);
    if (const auto error = verifier::check(program)) {
      session.out.print("{}: {}\n", bpf::visible(name), to_string(*error));
      return ExitCode::failed;
    }
    session.out.print("{}: ok, {} instructions\n", bpf::visible(name), program.size());
    return ExitCode::done;
  } catch (const Failure& failure) {
    say(session, failure.what());
    return failure.code;
  }
}

// The value of a hex digit, or -1.
constexpr auto digit_values = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < 10; ++i) values['0' + i] = static_cast<std::int8_t>(i);
  for (std::size_t i = 0; i < 6; ++i) values['a' + i] = values['A' + i] = static_cast<std::int8_t>(10 + i);
  return values;
}();

int digit(char c) { return digit_values[static_cast<unsigned char>(c)]; }

// Line ends of other systems, and blanks that came along with a copied line.
std::string_view trim(std::string_view line) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t begin = std::min(line.find_first_not_of(blanks), line.size());
  return line.substr(begin, line.find_last_not_of(blanks) + 1 - begin);
}

// Reads hex digits into `program`, whose memory is used again from line to line. Null, or what is wrong.
const char* decode(std::string_view digits, std::vector<Insn>& program) {
  constexpr std::size_t digits_per_insn = 2 * sizeof(Insn);
  if (digits.size() % digits_per_insn != 0) return "not a multiple of 16 hex digits";
  program.resize(digits.size() / digits_per_insn);
  for (std::size_t i = 0; i < program.size(); ++i) {
    std::array<unsigned char, sizeof(Insn)> bytes{};
    int bad = 0;
    for (std::size_t b = 0; b < bytes.size(); ++b) {
      const char* pair = digits.data() + i * digits_per_insn + 2 * b;
      const int value = digit(pair[0]) * 16 + digit(pair[1]);
      bad |= digit(pair[0]) | digit(pair[1]);
      bytes[b] = static_cast<unsigned char>(value);
    }
    if (bad < 0) return "not a hex digit";
    std::memcpy(&program[i], bytes.data(), bytes.size());
  }
  return nullptr;
}

// "at 12: reason" as describe() writes it, without the place.
std::string_view reason(const VerifyError& error, std::span<char> buffer) {
  const std::string_view text(buffer.data(), describe(error, buffer.data(), buffer.size()));
  const std::string_view place_end = ": ";
  const std::size_t end = text.starts_with("at ") ? text.find(place_end) : std::string_view::npos;
  return end == std::string_view::npos ? text : text.substr(end + place_end.size());
}

ExitCode print_verdicts(Session& session) {
  Input input("-");
  LineReader lines(input, session.out);
  std::vector<Insn> program;
  std::array<char, 160> buffer{};
  std::string_view line;
  while (lines.next(line)) {
    if (const char* problem = decode(trim(line), program))
      throw Failure(ExitCode::usage, lines.place() + ": " + problem);
    if (const auto error = verifier::check(program)) {
      session.out.print("reject {} {}\n", error->pc, reason(*error, buffer));
    } else {
      session.out.write("accept\n");
    }
  }
  return ExitCode::done;
}

ExitCode run(Session& session, const CheckOptions& options) {
  if (options.verdicts) return print_verdicts(session);
  ExitCode exit = ExitCode::done;
  for (const std::string& name : options.files) exit = worse(exit, check_file(session, name, options.filter));
  return exit;
}

}  // namespace

void add_check(CLI::App& app, Session& session) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App& command = *app.add_subcommand("check", "Tell whether the kernel would accept filters");
  add_filter_files(command, options->files, "Filter files; - is standard input");
  command.add_flag("--verdicts", options->verdicts,
                   "Read one filter a line from standard input, as the hex digits of its\n"
                   "struct sock_filter array; print \"accept\" or \"reject PC reason\"");
  add_filter_options(command, options->filter, "--input-format");
  add_old_format_flag(command, options->filter);
  command.footer(R"(Examples:
  callgate check filter.bpf
  callgate check --cap CAP_SYS_ADMIN /usr/share/containers/seccomp.json
  echo 06000000000000ff | callgate check --verdicts

Exit code: 0 if all filters are valid, 1 if one is invalid, 2 if one cannot be read. Verdicts do not change it.)");
  command.callback([options, &session] {
    if (!options->verdicts && options->files.empty()) throw CLI::RequiredError("FILE or --verdicts");
    const bool only_stdin = std::all_of(options->files.begin(), options->files.end(), [](auto& f) { return f == "-"; });
    if (options->verdicts && !only_stdin) throw CLI::ExcludesError("--verdicts", "FILE");
    refuse_reading_twice(options->files);
    session.exit = run(session, *options);
  });
}

}  // namespace callgate::cli
