// callgate pid: the filters of a running process.
#include <memory>

#include "cli/filter_set.h"
#include "cli/process_filters.h"

namespace callgate::cli {
namespace {

struct PidOptions {
  std::int64_t pid = 0;
  FilterSetFormat format = FilterSetFormat::text;
  std::string folder;
};

ExitCode run(Session& session, const PidOptions& options) {
  const std::vector<std::vector<Insn>> filters = filters_of_process(static_cast<pid_t>(options.pid));
  FoundChain chain{fmt::format("process {}", options.pid), {}};
  for (std::size_t i = 0; i < filters.size(); ++i) chain.filters.push_back(i);
  write_filter_set(session, filters, {chain}, options.format, options.folder);
  return filters.empty() ? ExitCode::failed : ExitCode::done;
}

}  // namespace

void add_pid(CLI::App& app, Session& session) {
  auto options = std::make_shared<PidOptions>();
  CLI::App& command = *app.add_subcommand("pid", "Show the filters of a running process");
  command.add_option("PID", options->pid, "The process, or one of its threads")
      ->required()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{0x7fffffff}).description(""))
      ->type_name("");
  add_filter_set_options(command, options->format, options->folder);
  command.footer(
      R"(The filters come oldest first, as every other verb takes them. The process is stopped for a moment. It takes
CAP_SYS_ADMIN in the initial user namespace, no filter on this command itself, nobody else who traces the process, and a
kernel with CONFIG_CHECKPOINT_RESTORE; what is missing is said.

Examples:
  callgate pid 4242
  callgate pid 4242 -o filters && callgate explain filters/*.bpf
  callgate why --pid 4242 socket AF_ALG

Exit code: 0 done, 1 if the process has no filter, 2 if its filters cannot be read.)");
  command.callback([options, &session] { session.exit = run(session, *options); });
}

}  // namespace callgate::cli
