#include "cli/filter_file.h"

#include <algorithm>
#include <utility>

#include "bpf/text.h"

namespace callgate::cli {
namespace {

Expected<std::vector<Insn>, std::string> parse_text(const std::string& content, bpf::LongJumps long_jumps) {
  auto program = bpf::assemble(bpf::without_byte_order_mark(content), long_jumps);
  if (!program) return to_string(program.error());
  return std::move(*program);
}

Expected<std::vector<Insn>, std::string> parse_oci(Session& session, const std::string& name,
                                                   const std::string& content, const profiles::OciOptions& options) {
  auto filter = profiles::compile_oci(content, options);
  if (!filter) return filter.error();
  for (const std::string& note : filter->notes) say(session, name + ": " + note);
  return std::move(filter->instructions);
}

Expected<std::vector<Insn>, std::string> parse(Session& session, const std::string& name, const std::string& content,
                                               bpf::Format format, const FilterOptions& options) {
  if (format == bpf::Format::oci) return parse_oci(session, name, content, options.oci);
  if (format == bpf::Format::text) return parse_text(content, options.long_jumps);
  return bpf::read_filter(content, format);
}

constexpr const char* what_is_read =
    "callgate reads arrays of struct sock_filter (raw, C, hex, strings), tables of seccomp-tools and scmp_bpf_disasm, "
    "tcpdump -d, -dd and -ddd, BPF_STMT and BPF_JUMP lists, bpf_asm text and OCI profiles";

// Guesses the format, and what it may be if it is none of those.
Expected<std::vector<Insn>, std::string> guess(Session& session, const std::string& name, const std::string& content,
                                               const FilterOptions& options) {
  if (const std::string_view what = bpf::foreign_format(content, true); !what.empty()) {
    return fmt::format("this is {}; {}", what, what_is_read);
  }
  const bpf::Format format = bpf::detect_format(content);
  auto program = parse(session, name, content, format, options);
  if (program) return program;
  std::string_view what = bpf::foreign_format(content, false);
  const auto has = [&](const char* key) { return content.find(key) != std::string::npos; };
  const bool is_profile =
      has("\"defaultAction\"") || has("\"ociVersion\"");  // or a bundle: the error tells what it lacks
  if (format == bpf::Format::oci && what.empty() && !is_profile) what = "JSON of another kind";
  if (what.empty()) return program;
  return fmt::format("{}; this looks like {}; {}", program.error(), what, what_is_read);
}

using FormatChoice = std::optional<bpf::Format>;
const std::vector<std::pair<std::string, FormatChoice>> format_choices = {
    {"auto", std::nullopt},          {"raw", bpf::Format::raw},
    {"ddd", bpf::Format::ddd},       {"text", bpf::Format::text},
    {"c", bpf::Format::c},           {"hex", bpf::Format::hex},
    {"table", bpf::Format::table},   {"tcpdump", bpf::Format::tcpdump},
    {"macros", bpf::Format::macros}, {"string", bpf::Format::string},
    {"oci", bpf::Format::oci}};

}  // namespace

void add_filter_options(CLI::App& app, FilterOptions& options, const std::string& format_flag) {
  add_choice(app, format_flag, options.format, format_choices,
             "Format of the filter: raw (array of struct sock_filter), ddd (tcpdump\n-ddd), text (bpf_asm), c "
             "(initialisers of such an array), hex (its bytes),\nstring (the same with escapes), table (dumps of "
             "seccomp-tools, scmp_bpf_disasm),\ntcpdump (tcpdump -d), macros (BPF_STMT and BPF_JUMP of strace or C), "
             "oci\n(container seccomp JSON); auto guesses");
  const std::string group = "OCI profiles";
  app.add_option_function<std::vector<std::string>>(
         "--cap",
         [&options](const std::vector<std::string>& names) {
           for (const std::string& name : names) {
             auto found = profiles::parse_capabilities(name);
             if (!found) throw CLI::ValidationError("--cap", found.error());
             options.oci.capabilities.merge(*found);
           }
         },
         "A capability that the container has, such as CAP_SYS_ADMIN or\nsys_admin, several with commas, or ALL (may "
         "be repeated)")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->group(group);
  app.add_option_function<std::string>(
         "--kernel-version",
         [&options](const std::string& text) {
           const auto version = profiles::parse_kernel_version(text);
           if (!version) throw CLI::ValidationError("--kernel-version", version.error());
           options.oci.kernel = *version;
         },
         "The kernel that the container runs on, such as 5.10 (default: the running one)")
      ->type_name("VERSION")
      ->group(group);
  using profiles::ContainerEngine;
  const std::vector<std::pair<std::string, ContainerEngine>> engines = {{"common", ContainerEngine::common},
                                                                        {"runc", ContainerEngine::runc},
                                                                        {"crun", ContainerEngine::crun},
                                                                        {"podman", ContainerEngine::podman},
                                                                        {"docker", ContainerEngine::docker}};
  add_choice(app, "--engine-of", options.oci.engine, engines,
             "Whose reading of the profile counts: runc, crun, podman (with\ncrun) or docker (with runc); see "
             "docs/profiles.md")
      ->group(group);
  app.add_flag(
         "--accept-mismatch", options.oci.accept_mismatch,
         "Take calls that libseccomp's filter decides in another way than\nthe profile's rules as notes, not as an "
         "error")
      ->group(group);
  app.add_flag("--tree", options.oci.binary_tree, "Let libseccomp build a binary tree of system calls")->group(group);
}

void add_filter_files(CLI::App& app, std::vector<std::string>& files, const std::string& help) {
  const auto add = [&files](const std::vector<std::string>& names) {
    files.insert(files.end(), names.begin(), names.end());
  };
  CLI::Option* const positional = app.add_option_function<std::vector<std::string>>("FILE", add, help)->type_name("");
  app.add_option_function<std::vector<std::string>>("-f,--filter", add, "The same (may be repeated)")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->excludes(positional);
}

void refuse_reading_twice(std::span<const std::string> names) {
  if (std::ranges::count(names, "-") > 1) {
    throw Failure(ExitCode::usage, "standard input cannot be read twice; name a file for the others");
  }
}

void require_filter_files(const std::vector<std::string>& files) {
  if (files.empty()) throw CLI::RequiredError("FILE");
  refuse_reading_twice(files);
}

void add_old_format_flag(CLI::App& app, FilterOptions& options) {
  const auto set = [&options](const std::string& word) {
    const auto found = std::ranges::find(format_choices, word, &decltype(format_choices)::value_type::first);
    if (found == format_choices.end()) {
      throw CLI::ValidationError("--format",
                                 "is about what is written, and " + bpf::quoted(word) +
                                     " is nothing that is written here (asm has --format raw|ddd|c|hex, stats "
                                     "and eval have --json); --input-format says what a filter is read as");
    }
    options.format = found->second;
  };
  app.add_option_function<std::string>("--format", set, "")->group("");
}

namespace {

std::vector<Insn> instructions_of(Session& session, const std::string& name, const std::string& content,
                                  const FilterOptions& options) {
  auto program =
      options.format ? parse(session, name, content, *options.format, options) : guess(session, name, content, options);
  if (!program) throw Failure(ExitCode::usage, name + ": " + program.error());
  return std::move(*program);
}

Program verified(const std::string& name, const std::vector<Insn>& insns) {
  auto program = verify(insns);
  if (!program) throw Failure(ExitCode::failed, name + ": " + to_string(program.error()));
  return std::move(*program);
}

}  // namespace

std::vector<Insn> read_filter_file(Session& session, const std::string& name, const FilterOptions& options,
                                   std::string* content) {
  Input input(name);
  std::string text = input.read_all();
  std::vector<Insn> insns = instructions_of(session, input.name(), text, options);
  if (content != nullptr) *content = std::move(text);
  return insns;
}

Program read_program(Session& session, const std::string& name, const FilterOptions& options, std::string* content) {
  return verified(name, read_filter_file(session, name, options, content));
}

Program program_of(Session& session, const std::string& name, const std::string& content,
                   const FilterOptions& options) {
  return verified(name, instructions_of(session, name, content, options));
}

}  // namespace callgate::cli
