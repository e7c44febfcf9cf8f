// callgate dump: a chain of filters at the stages of its way to machine code.
#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <memory>

#include "bpf/disassembler.h"
#include "bpf/names.h"
#include "cli/chain_options.h"
#include "cli/command.h"
#include "cli/filter_file.h"
#include "cli/machine_code.h"
#include "compose/filter_graph.h"
#include "compose/plan.h"
#include "compose/print.h"
#include "dispatch/image.h"
#include "ir/build.h"
#include "ir/print.h"

namespace callgate::cli {
namespace {

struct DumpInput {
  std::vector<std::string> names;  // of the files, oldest filter first
  std::vector<Program> programs;
  Options chain;
  bool dot = false;  // graphs as input for dot(1)
  Target target;
  Engine engine;        // to show: what was asked for, else the first that makes code for the target
  detail::Image image;  // of the chain
};

DumpInput make_input(std::vector<std::string> names, std::vector<Program> programs, const Options& chain, bool dot) {
  const Target target = chain.target == Target::native ? jit::host_target() : chain.target;
  const Engine engine = chain.engine != Engine::automatic ? chain.engine : best(target);
  detail::Image image = detail::make_image(programs, {chain, engine, target, /*with_marks=*/true});
  return {std::move(names), std::move(programs), chain, dot, target, engine, std::move(image)};
}

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

// Each filter on its own, before it is put on top of older ones.
void print_filter_graphs(Output& out, const DumpInput& input) {
  const char* comment = input.dot ? "//" : ";";
  for (std::size_t i = 0; i < input.programs.size(); ++i) {
    const auto graph = compose::build(input.programs[i], static_cast<std::uint32_t>(i));
    out.print("{} filter {}: {}{}\n", comment, i, input.names[i],
              graph ? "" : ": no graph (too many states or too large expressions); compiled in baseline form");
    if (graph) out.write(input.dot ? compose::to_dot(*graph) : compose::to_text(*graph));
  }
}

void print_graphs(Output& out, const DumpInput& input) {
  for (const auto& segment : input.image.plan) {
    const std::uint32_t last = segment->oldest_filter + segment->filter_count - 1;
    const compose::ChainGraph* decisions = segment->chain_graph();
    const char* comment = input.dot ? "//" : ";";
    if (decisions == nullptr) {
      out.print(
          "{} filter {}: baseline form ({})\n", comment, last,
          input.chain.optimize == Optimize::none ? "--optimize none" : "its decisions or its code are over a budget");
      continue;
    }
    out.print("{} filters {} to {}: decision graph, precision {}\n", comment, segment->oldest_filter, last,
              compose::name(decisions->precision));
    out.write(input.dot ? compose::to_dot(*decisions) : compose::to_text(*decisions));
  }
}

void print_machine_code(Output& out, const DumpInput& input) {
  const detail::Image& image = input.image;
  if (image.engine == Engine::interpreter) {
    const std::string why = image.error.empty() ? "no assembler for this engine and target" : image.error;
    throw Failure(ExitCode::usage,
                  fmt::format("engine {}, target {}: {}", name(input.engine), name(input.target), why));
  }
  out.print("; {} by {}: {} bytes\n", name(input.target), name(image.engine), image.code.bytes.size());
  cli::print_machine_code(out, image.code, input.target, input.programs);
}

// "args[2]", "(args[2] & 0x6)".
std::string value_text(std::uint32_t offset, std::uint64_t mask) {
  const std::uint32_t word = offset / 8;
  const std::string name = word == 1 ? "ip" : fmt::format("args[{}]", word - 2);
  return mask == ~std::uint64_t{0} ? name : fmt::format("({} & {:#x})", name, mask);
}

std::string interval_text(std::uint64_t base, std::uint64_t span) {
  if (span == 0) return fmt::format("== {:#x}", base);
  if (base + span >= base) return fmt::format("in {:#x}-{:#x}", base, base + span);
  if (base + span + 2 == base) return fmt::format("!= {:#x}", base - 1);
  return fmt::format("not in {:#x}-{:#x}", base + span + 1, base - 1);
}

std::string set_text(std::uint64_t base, std::uint64_t span, std::uint64_t members) {
  if (span >= 64 || std::popcount(members) == 64) return interval_text(base, span);
  std::string set = "in {";
  for (std::uint64_t i = 0; i <= span; ++i) {
    if ((members >> i & 1) != 0) set += fmt::format("{}{:#x}", set.back() == '{' ? "" : ", ", base + i);
  }
  return set + "}";
}

std::string text_of(const callgate_bounds& all) {
  std::string text;
  const auto add = [&](std::uint32_t offset, std::uint64_t mask, std::uint64_t base, std::uint64_t span) {
    if (mask == 0) return;
    text += fmt::format("{}{} {}", text.empty() ? "" : " and ", value_text(offset, mask), interval_text(base, span));
  };
  for (std::uint32_t i = 0; i < std::size(all.zero); ++i) add(all.first + 8 * i, all.zero[i], 0, 0);
  add(all.offset, all.mask, all.base, all.span);
  return text;
}

std::string text_of(const callgate_conjunction& all) {
  std::string text;
  for (std::size_t i = 0; i < std::size(all.intervals); ++i) {
    const callgate_interval& one = all.intervals[i];
    if (one.mask == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : " and ", value_text(all.offsets[i], one.mask),
                        set_text(one.base, one.span, i == 0 ? all.members : ~std::uint64_t{0}));
  }
  return text;
}

std::string with_results(const std::string& condition, std::uint32_t outside, std::uint32_t flip) {
  return fmt::format("{}: {}, else {}", condition, bpf::result_name(outside ^ flip), bpf::result_name(outside));
}

template <class Record>
std::string alternatives_text(const void* record) {
  const auto* all = static_cast<const Record*>(record);
  std::string condition = text_of(all[0]);
  for (std::uint32_t i = 1; i <= all->following; ++i) condition += "; or " + text_of(all[i]);
  return with_results(condition, all->outside, all->flip);
}

// "(args[2] & 0x6) == 0x6: ERRNO(1), else ALLOW".
std::string record_text(std::uint32_t word, const void* record) {
  switch (detail::kind_of(word)) {
    case detail::RecordKind::check: {
      const auto& check = *static_cast<const callgate_check*>(record);
      return with_results(
          fmt::format("{} {}", value_text(check.offset, check.mask), set_text(check.base, check.span, check.members)),
          check.outside, check.flip);
    }
    case detail::RecordKind::list: {
      const auto& list = *static_cast<const callgate_list*>(record);
      return with_results(fmt::format("{} in a list with {} places for keys of {} bytes",
                                      value_text(list.offset, list.mask), list.last_place + 1, 1 << list.key_size),
                          list.outside, list.flip);
    }
    case detail::RecordKind::bounds: return alternatives_text<callgate_bounds>(record);
    case detail::RecordKind::conjunction: break;
  }
  return alternatives_text<callgate_conjunction>(record);
}

// How many numbers of each domain the table settles, and what it knows of the others.
void print_table(Output& out, const DumpInput& input) {
  const detail::Residuals& residuals = input.image.residuals;
  if (residuals.word_of_class.empty()) {
    out.print("; every call runs the code: the newest segment does not decide by number\n");
    return;
  }
  const std::span<const std::uint32_t> words = residuals.records.words();
  for (std::uint32_t d = 0; d < compose::domains.size(); ++d) {
    std::map<std::uint32_t, std::uint32_t> count;
    for (std::uint32_t n = 0; n < compose::numbers_per_domain; ++n)
      ++count[residuals.word_of_class[d * compose::numbers_per_domain + n]];
    for (const auto& [word, numbers] : count) {
      out.print("{}: {} numbers: ", compose::domains[d].name, numbers);
      if (!callgate_is_residual(word)) {
        out.print("{}\n", bpf::result_name(word));
      } else if (word < CALLGATE_CODE_BASE) {
        out.print("record {}\n", std::ranges::find(words, word) - words.begin());
      } else {
        out.print("code, entry {}\n", word - CALLGATE_CODE_BASE + 1);
      }
    }
  }
  for (std::size_t i = 0; i < words.size(); ++i)
    out.print("record {}: {}\n", i, record_text(words[i], residuals.records[words[i]]));
}

constexpr std::array stages = {
    Stage{'b', "bytecode of each filter", print_bytecode},
    Stage{'f', "decision graph of each filter", print_filter_graphs},
    Stage{'g', "decision graph of the chain", print_graphs},
    Stage{'t', "action table: what it settles, and what it knows of the rest", print_table},
    Stage{'m', "machine code, with the BPF instruction it comes from", print_machine_code},
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

// All that this build has: without an assembler there is no machine code.
std::string default_stages() {
  std::string letters = stage_letters();
  const bool has_code = best(Target::x86_64) != Engine::interpreter || best(Target::x86_32) != Engine::interpreter;
  if (!has_code) std::erase(letters, 'm');
  return letters;
}

struct DumpOptions {
  std::vector<std::string> files;
  std::string stages = default_stages();
  Options chain;
  bool dot = false;
  FilterOptions filter;
};

ExitCode run(Session& session, const DumpOptions& options) {
  std::vector<Program> programs;
  for (const std::string& name : options.files) programs.push_back(read_program(session, name, options.filter));
  const DumpInput input = make_input(options.files, std::move(programs), options.chain, options.dot);
  for (const char letter : options.stages) {
    const Stage& stage = *find_stage(letter);
    session.out.print("{}== {}: {}\n", options.dot ? "// " : "", stage.letter, stage.title);
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
  add_filter_files(command, options->files, "Filter files, oldest first; - is standard input");
  std::string help = "Stages to show, one letter each:";
  for (const Stage& stage : stages) help += fmt::format(" {} ({})", stage.letter, stage.title);
  command.add_option("--stages", options->stages, help)
      ->check(CLI::Validator(check_stages, ""))
      ->type_name("LETTERS")
      ->default_str(default_stages());
  command.add_flag("--dot", options->dot, "Graphs as Graphviz, for dot(1); use it with --stages=f or g");
  add_chain_options(command, options->chain);
  add_filter_options(command, options->filter, "--input-format");
  add_old_format_flag(command, options->filter);
  command.footer(R"(Examples:
  callgate dump --stages=bgm filter.bpf
  callgate dump --stages=m --engine asmjit --target x86_32 older.bpf newer.bpf
  callgate dump --stages=g --dot filter.bpf | dot -Tsvg -o filter.svg

Exit code: 0; 1 if a filter is invalid; 2 if a file cannot be read, or the engine does not make code for the target.)");
  command.callback([options, &session] {
    require_filter_files(options->files);
    session.exit = run(session, *options);
  });
}

}  // namespace callgate::cli
