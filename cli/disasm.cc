// callgate disasm: instructions to text that callgate asm reads back.
#include <memory>

#include "bpf/disassembler.h"
#include "bpf/quote.h"
#include "calls/syscall_names.h"
#include "cli/command.h"
#include "cli/filter_file.h"

namespace callgate::cli {
namespace {

struct DisasmOptions {
  std::vector<std::string> files;
  bool no_annotate = false;
  bool names = false;
  FilterOptions filter;
};

// Of the architecture that leads there, or of x86_64 where none was asked for.
std::string name_for_comment(std::uint32_t nr, std::uint32_t arch_value) {
  return calls::syscall_name(nr, arch_value == 0 ? arch::x86_64 : arch_value);
}

ExitCode run(Session& session, const DisasmOptions& options) {
  bpf::DisassemblyOptions text;
  text.annotate = !options.no_annotate;
  text.names_in_place = options.names;
  text.syscall_name = name_for_comment;
  for (const std::string& name : options.files) {
    const std::vector<Insn> program = read_filter_file(session, name, options.filter);
    if (options.files.size() > 1) session.out.print("; {}\n", bpf::visible(name));
    session.out.write(bpf::disassemble(program, text));
  }
  return ExitCode::done;
}

}  // namespace

void add_disasm(CLI::App& app, Session& session) {
  auto options = std::make_shared<DisasmOptions>();
  CLI::App& command = *app.add_subcommand("disasm", "Show filters as text, with the names of what they compare");
  add_filter_files(command, options->files, "Filter files; - is standard input");
  command.add_flag("--no-annotate", options->no_annotate, "Leave the comments out");
  command.add_flag("--names", options->names, "Names in place of numbers, as in: jeq #openat, ret #ERRNO(EPERM)");
  add_filter_options(command, options->filter, "--input-format");
  add_old_format_flag(command, options->filter);
  command.footer(
      R"(The filters need not be valid. "callgate asm" turns the text back into the same bytes, also with --names.
Names of system calls are those of the architectures that lead there (several, if they differ), and those of
x86_64 where the filter does not compare the architecture.

Examples:
  callgate disasm filter.bpf
  callgate disasm --tree /usr/share/containers/seccomp.json | less

Exit code: 0, or 2 if a file cannot be read.)");
  command.callback([options, &session] {
    require_filter_files(options->files);
    session.exit = run(session, *options);
  });
}

}  // namespace callgate::cli
