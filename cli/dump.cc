// callgate dump: a chain of filters at the stages of its way to machine code.
#include <algorithm>
#include <array>
#include <memory>

#include "bpf/disassembler.h"
#include "cli/command.h"
#include "cli/filter_file.h"

namespace callgate::cli {
namespace {

struct DumpInput {
  std::vector<std::string> names;  // of the files, oldest filter first
  std::vector<Program> programs;
};

struct Stage {
  char letter;
  const char* title;
  void (*print)(Output& out, const DumpInput& input);
};

void print_bytecode(Output& out, const DumpInput& input) {
  for (std::size_t i = 0; i < input.programs.size(); ++i) {
    const Program& program = input.programs[i];
    out.print("; filter {}: {}, {} instructions, {} in the kernel\n", i, input.names[i], program.size(),
              program.kernel_length());
    std::uint32_t pc = 0;
    for (const Insn& insn : program.instructions()) {
      out.print("{:4}: {:02x} {:3} {:3} {:08x}  {}\n", pc, insn.code, insn.jt, insn.jf, insn.k,
                bpf::disassemble(insn, pc));
      ++pc;
    }
  }
}

constexpr std::array stages = {
    Stage{'b', "bytecode of each filter", print_bytecode},
};

const Stage* find_stage(char letter) {
  const auto found = std::find_if(stages.begin(), stages.end(), [&](const Stage& s) { return s.letter == letter; });
  return found == stages.end() ? nullptr : &*found;
}

std::string stage_letters() {
  std::string letters;
  for (const Stage& stage : stages) letters += stage.letter;
  return letters;
}

struct DumpOptions {
  std::vector<std::string> files;
  std::string stages = stage_letters();
  FilterOptions filter;
};

ExitCode run(Session& session, const DumpOptions& options) {
  DumpInput input{options.files, {}};
  for (const std::string& name : options.files) input.programs.push_back(read_program(session, name, options.filter));
  for (const char letter : options.stages) {
    const Stage& stage = *find_stage(letter);
    session.out.print("== {}: {}\n", stage.letter, stage.title);
    stage.print(session.out, input);
  }
  return ExitCode::done;
}

// A validator as CLI11 wants it: the text of an error, or nothing.
std::string check_stages(const std::string& letters) {
  for (const char letter : letters) {
    if (find_stage(letter) == nullptr) return fmt::format("no stage '{}'; there is {}", letter, stage_letters());
  }
  return letters.empty() ? "no stage at all" : "";
}

}  // namespace

void add_dump(CLI::App& app, Session& session) {
  auto options = std::make_shared<DumpOptions>();
  CLI::App& command = *app.add_subcommand("dump", "Show what becomes of filters on the way to machine code");
  command.add_option("FILE", options->files, "Filter files, oldest first; - is standard input")->required();
  std::string help = "Stages to show, one letter each:";
  for (const Stage& stage : stages) help += fmt::format(" {} ({})", stage.letter, stage.title);
  command.add_option("--stages", options->stages, help)
      ->check(CLI::Validator(check_stages, ""))
      ->type_name("LETTERS")
      ->default_str(stage_letters());
  add_filter_options(command, options->filter, "--format,--input-format");
  command.footer(R"(Examples:
  callgate dump --stages=b filter.bpf

Exit code: 0; 1 if a filter is invalid; 2 if a file cannot be read.)");
  command.callback([options, &session] { session.exit = run(session, *options); });
}

}  // namespace callgate::cli
