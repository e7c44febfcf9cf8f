#include "cli/run_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bpf/nearest.h"
#include "bpf/text.h"
#include "callgate/version.hpp"
#include "cli/command.h"
#include "cli/signals.h"

namespace callgate::cli {

void say(Session& session, const std::string& message) {
  session.out.flush();
  tell(message, "callgate: ", "\n");
}

namespace {

void describe(CLI::App& app) {
  app.name("callgate");
  app.description("Verifies, reads, writes and evaluates Linux seccomp filters.");
  app.set_version_flag("--version", "callgate " CALLGATE_VERSION);
  app.require_subcommand(1);
  app.footer(R"(Examples:
  callgate check /usr/share/containers/seccomp.json
  echo 'openat -100 0 0' | callgate eval -f filter.bpf
  callgate disasm filter.bpf
  callgate asm filter.txt -o filter.bpf

Every FILE may be - for standard input. "callgate COMMAND --help" tells more.
Exit codes: 0 done; 1 a filter is invalid or a decision failed; 2 wrong usage or unreadable input; 3 a
baseline of something else (bench), or nothing could be proved (diff).)");
}

void check_command(const CLI::App& app, const std::string& word) {
  if (word.empty() || word.starts_with('-')) return;
  // By the words that people may try, the commands that they mean.
  std::vector<std::pair<std::string, std::string>> known = {
      {"help", "help"},     {"disassemble", "disasm"}, {"assemble", "asm"},
      {"evaluate", "eval"}, {"benchmark", "bench"},    {"statistics", "stats"},
      {"verify", "check"},  {"trace", "record"},       {"compare", "diff"}};
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() == word) return;
    if (command->get_group().empty()) continue;
    known.emplace_back(command->get_name(), command->get_name());
  }
  const auto text_of = [](const auto& entry) { return std::string_view(entry.first); };
  const std::string_view like = bpf::nearest(word, known, text_of);
  const auto found = std::ranges::find(known, like, text_of);
  const std::string_view nearest = found == known.end() ? std::string_view() : found->second;
  throw Failure(ExitCode::usage, "unknown command " + bpf::quoted(word) +
                                     (nearest.empty() ? "" : "; did you mean '" + std::string(nearest) + "'?") +
                                     "\nRun with --help for the list of commands.");
}

bool is_called_as(int argc, char** argv, std::string_view name) {
  const std::string_view path = argc > 0 ? argv[0] : "";
  return path.substr(path.rfind('/') + 1) == name;
}

// The value of a short option may begin with a minus, as for getopt(3).
void attach_values(std::vector<std::string>& words) {
  constexpr std::string_view with_value = "afs012345";
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    if (words[i].size() != 2 || words[i][0] != '-' || with_value.find(words[i][1]) == std::string_view::npos) continue;
    words[i] += words[i + 1];
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
}

}  // namespace

void add_commands(CLI::App& app, Session& session) {
  describe(app);
  add_check(app, session);
  add_eval(app, session);
  add_disasm(app, session);
  add_asm(app, session);
  add_dump(app, session);
  add_stats(app, session);
  add_fuzz(app, session);
  add_kernel_check(app, session);
  add_record(app, session);
  add_bench(app, session);
  add_diff(app, session);
  add_explain(app, session);
  add_lint(app, session);
  add_test(app, session);
  add_why(app, session);
  add_pid(app, session);
  add_capture(app, session);
  add_serve(app, session);
  add_synth(app, session);
  add_sim(app, session);
  add_describe(app);
}

namespace {

ExitCode run(int argc, char** argv, Session& session) {
  CLI::App app;
  add_commands(app, session);
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (is_called_as(argc, argv, "scmp_bpf_sim")) words.insert(words.begin(), "sim");
  if (words.empty()) throw Failure(ExitCode::usage, "which command?\n\n" + app.help());
  if (words[0] == "help") {  // "help VERB" is "VERB --help"
    words.erase(words.begin());
    words.resize(std::min<std::size_t>(words.size(), 1));
    words.emplace_back("--help");
  }
  check_command(app, words[0]);
  if (words[0] == "sim") attach_values(words);
  if (words[0] == "diff") {  // two lists, and CLI11 would make one of them
    const auto dash = std::ranges::find(words, "--");
    if (dash != words.end()) session.behind_double_dash.assign(dash + 1, words.end());
    words.erase(dash, words.end());
  }
  std::ranges::reverse(words);  // as parse() wants them
  try {
    app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    session.out.write(app.help());
  } catch (const CLI::CallForAllHelp&) {
    session.out.write(app.help("", CLI::AppFormatMode::All));
  } catch (const CLI::CallForVersion& version) {
    session.out.print("{}\n", version.what());
  } catch (const CLI::ParseError& error) {
    throw Failure(ExitCode::usage, std::string(error.what()) + "\nRun with --help for the usage.");
  }
  session.out.flush();
  return session.exit;
}

// Results that were ready before a failure are written first, and only then the message.
ExitCode fail(Session& session, ExitCode code, const char* message) noexcept {
  try {
    session.out.flush();
  } catch (const std::exception& error) {
    tell(error.what(), "callgate: ", "\n");
    code = ExitCode::usage;
  }
  tell(message, "callgate: ", "\n");
  return code;
}

ExitCode guarded(int argc, char** argv, Session& session) {
  try {
    return run(argc, argv, session);
  } catch (const Failure& failure) {
    return fail(session, failure.code, failure.what());
  } catch (const std::bad_alloc&) {
    return fail(session, ExitCode::usage, "out of memory");
  } catch (const std::exception& error) {
    return fail(session, ExitCode::usage, error.what());
  }
}

// A standard stream that the caller closed must stay unusable: otherwise the next file that is opened takes its
// number, and a filter is read as if it were the calls, or results are written into it.
void occupy_closed_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // The lowest free descriptor is `fd`. O_PATH: neither read nor written, and there is always such a path.
    if (fcntl(fd, F_GETFD) < 0) static_cast<void>(open("/", O_PATH));
  }
}

}  // namespace

int run_command(int argc, char** argv) {
  occupy_closed_streams();
  settle_signals();
  Output out(STDOUT_FILENO, "standard output");
  Session session{out};
  for (int i = 1; i < argc; ++i) session.has_double_dash |= std::string_view(argv[i]) == "--";
  return static_cast<int>(guarded(argc, argv, session));
}

}  // namespace callgate::cli
