#include "cli/filter_file.h"

#include <utility>

namespace callgate::cli {
namespace {

Expected<std::vector<Insn>, std::string> parse_text(const std::string& content, bpf::LongJumps long_jumps) {
  auto program = bpf::assemble(content, long_jumps);
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
                                               const FilterOptions& options) {
  const bpf::Format format = options.format.value_or(bpf::detect_format(content));
  if (format == bpf::Format::oci) return parse_oci(session, name, content, options.oci);
  if (format == bpf::Format::text) return parse_text(content, options.long_jumps);
  return bpf::read_filter(content, format);
}

}  // namespace

void add_filter_options(CLI::App& app, FilterOptions& options, const std::string& format_flag) {
  using Choice = std::optional<bpf::Format>;
  const std::vector<std::pair<std::string, Choice>> formats = {{"auto", std::nullopt},
                                                               {"raw", bpf::Format::raw},
                                                               {"ddd", bpf::Format::ddd},
                                                               {"text", bpf::Format::text},
                                                               {"oci", bpf::Format::oci}};
  add_choice(app, format_flag, options.format, formats,
             "Format of the filter: raw (array of struct sock_filter), ddd (tcpdump\n-ddd), text (bpf_asm), oci "
             "(container seccomp JSON); auto guesses");
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
         "be "
         "repeated)")
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

std::vector<Insn> read_filter_file(Session& session, const std::string& name, const FilterOptions& options) {
  Input input(name);
  auto program = parse(session, input.name(), input.read_all(), options);
  if (!program) throw Failure(ExitCode::usage, input.name() + ": " + program.error());
  return std::move(*program);
}

Program read_program(Session& session, const std::string& name, const FilterOptions& options) {
  auto program = verify(read_filter_file(session, name, options));
  if (!program) throw Failure(ExitCode::failed, name + ": " + to_string(program.error()));
  return std::move(*program);
}

}  // namespace callgate::cli
