// callgate asm: text, or any other format of a filter, to bytes.
#include <memory>

#include "bpf/formats.h"
#include "cli/command.h"
#include "cli/filter_file.h"

namespace callgate::cli {
namespace {

enum class ProgramFormat { raw, ddd, c, hex };

struct AsmOptions {
  std::vector<std::string> files;
  std::string output = "-";
  ProgramFormat format = ProgramFormat::raw;
  FilterOptions filter;
};

std::string to_hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned char>(c));
  return text + "\n";
}

std::string write_program(std::span<const Insn> program, ProgramFormat format) {
  switch (format) {
    case ProgramFormat::raw: return bpf::write_raw(program);
    case ProgramFormat::ddd: return bpf::write_ddd(program);
    case ProgramFormat::c: return bpf::write_c_array(program);
    case ProgramFormat::hex: return to_hex(bpf::write_raw(program));
  }
  return {};
}

ExitCode run(Session& session, const AsmOptions& options) {
  const bool to_stdout = options.output == "-";
  if (to_stdout && options.format == ProgramFormat::raw && session.out.is_terminal()) {
    throw Failure(ExitCode::usage, "raw output does not go to a terminal; use -o FILE or --format");
  }
  const std::vector<Insn> program = read_filter_file(session, options.files.front(), options.filter);
  if (program.empty()) {
    throw Failure(ExitCode::usage, (options.files.front() == "-" ? "standard input" : options.files.front()) +
                                       ": no instruction is in it");
  }
  const std::string content = write_program(program, options.format);
  if (to_stdout) {
    session.out.write(content);
  } else {
    write_file(options.output, content);
  }
  return ExitCode::done;
}

}  // namespace

void add_asm(CLI::App& app, Session& session) {
  auto options = std::make_shared<AsmOptions>();
  CLI::App& command = *app.add_subcommand("asm", "Translate a filter's text, or another format, to instructions");
  add_filter_files(command, options->files, "The filter; - is standard input");
  command.add_option("-o,--output", options->output, "File to write; - is standard output")
      ->type_name("FILE")
      ->default_str("-");
  add_choice(
      command, "--format,--output-format", options->format,
      {{"raw", ProgramFormat::raw}, {"ddd", ProgramFormat::ddd}, {"c", ProgramFormat::c}, {"hex", ProgramFormat::hex}},
      "Format to write: raw (array of struct sock_filter), ddd (tcpdump -ddd),\nc (initialisers of an array), hex "
      "(one line, as check --verdicts reads it)");
  add_choice(command, "--long-jumps", options->filter.long_jumps,
             {{"reject", bpf::LongJumps::reject}, {"bridge", bpf::LongJumps::bridge}},
             "What becomes of a conditional jump over more than 255 instructions");
  add_filter_options(command, options->filter, "--input-format");
  command.footer(R"(The program is not verified; "callgate check" does that.

Examples:
  callgate asm filter.txt -o filter.bpf
  printf 'ld [0]\njeq #59, bad\nret #0x7fff0000\nbad: ret #0\n' | callgate asm - --format c
  callgate asm --input-format oci /usr/share/containers/seccomp.json -o container.bpf

Exit code: 0, or 2 if the input cannot be read or the output cannot be written.)");
  command.callback([options, &session] {
    require_filter_files(options->files);
    if (options->files.size() > 1) throw CLI::ValidationError("FILE", "one filter at a time");
    session.exit = run(session, *options);
  });
}

}  // namespace callgate::cli
