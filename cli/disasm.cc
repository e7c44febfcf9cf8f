// callgate disasm: instructions to text that callgate asm reads back.
#include <cstdlib>
#include <memory>

#include <seccomp.h>

#include "bpf/disassembler.h"
#include "cli/command.h"
#include "cli/filter_file.h"

namespace callgate::cli {
namespace {

struct DisasmOptions {
  std::vector<std::string> files;
  bool no_annotate = false;
  FilterOptions filter;
};

// By libseccomp, for the compared architecture, or x86_64 where none was compared.
std::string syscall_name(std::uint32_t nr, std::uint32_t compared_arch) {
  std::uint32_t token = compared_arch == 0 ? arch::x86_64 : compared_arch;
  if (token == arch::x86_64 && (nr & arch::x32_bit) != 0) token = SCMP_ARCH_X32;
  const std::unique_ptr<char, decltype(&std::free)> name(
      seccomp_syscall_resolve_num_arch(token, static_cast<int>(nr)), &std::free);
  return name == nullptr ? "" : name.get();
}

ExitCode run(Session& session, const DisasmOptions& options) {
  bpf::DisassemblyOptions text;
  text.annotate = !options.no_annotate;
  text.syscall_name = syscall_name;
  for (const std::string& name : options.files) {
    const std::vector<Insn> program = read_filter_file(session, name, options.filter);
    if (options.files.size() > 1) session.out.print("; {}\n", name);
    session.out.write(bpf::disassemble(program, text));
  }
  return ExitCode::done;
}

}  // namespace

void add_disasm(CLI::App& app, Session& session) {
  auto options = std::make_shared<DisasmOptions>();
  CLI::App& command = *app.add_subcommand("disasm", "Show filters as text, with the names of what they compare");
  command.add_option("FILE", options->files, "Filter files; - is standard input")->required()->type_name("");
  command.add_flag("--no-annotate", options->no_annotate, "Leave the comments out");
  add_filter_options(command, options->filter, "--format,--input-format");
  command.footer(R"(The filters need not be valid. "callgate asm" turns the text back into the same bytes.

Examples:
  callgate disasm filter.bpf
  callgate disasm --tree /usr/share/containers/seccomp.json | less

Exit code: 0, or 2 if a file cannot be read.)");
  command.callback([options, &session] { session.exit = run(session, *options); });
}

}  // namespace callgate::cli
