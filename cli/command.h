// What the subcommands share: exit codes, failures, and how each one enters the command line.
#pragma once

#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/io.h"

namespace callgate::cli {

enum class ExitCode : int {
  done = 0,
  failed = 1,        // a filter is invalid, or a decision failed
  usage = 2,         // wrong usage, unreadable input, unwritable output
  incomparable = 3,  // bench: the baseline is of something else
  not_decided = 3,   // diff, lint, test: neither yes nor no could be proved
};

// Ends the command: main() writes what is buffered for standard output, then the message, and exits with the code.
struct Failure : std::runtime_error {
  Failure(ExitCode exit_code, const std::string& message) : std::runtime_error(message), code(exit_code) {}
  ExitCode code;
};

// What a subcommand works with. Its callback leaves the exit code here.
struct Session {
  Output& out;
  bool has_double_dash = false;                      // whether "--" is among the arguments
  std::vector<std::string> behind_double_dash = {};  // diff: the words behind it, which are parsed no further
  ExitCode exit = ExitCode::done;
};

// A message to the user that is no result: one line on standard error, after all results so far.
void say(Session& session, const std::string& message);

// All that the command takes: the whole tree.
void add_commands(CLI::App& app, Session& session);

void add_check(CLI::App& app, Session& session);
void add_eval(CLI::App& app, Session& session);
void add_disasm(CLI::App& app, Session& session);
void add_asm(CLI::App& app, Session& session);
void add_dump(CLI::App& app, Session& session);
void add_fuzz(CLI::App& app, Session& session);
void add_stats(CLI::App& app, Session& session);
void add_kernel_check(CLI::App& app, Session& session);
void add_record(CLI::App& app, Session& session);
void add_bench(CLI::App& app, Session& session);
void add_diff(CLI::App& app, Session& session);
void add_explain(CLI::App& app, Session& session);
void add_lint(CLI::App& app, Session& session);
void add_test(CLI::App& app, Session& session);
void add_why(CLI::App& app, Session& session);
void add_pid(CLI::App& app, Session& session);
void add_capture(CLI::App& app, Session& session);
void add_serve(CLI::App& app, Session& session);
void add_synth(CLI::App& app, Session& session);
void add_sim(CLI::App& app, Session& session);
void add_describe(CLI::App& app);  // hidden: what the build makes of the others

// For options that take whole numbers of 64 bits: CLI11 takes what is too large for the largest, and -1 too.
inline CLI::Validator whole_number(std::uint64_t least = 0, std::uint64_t most = ~std::uint64_t{0}) {
  const auto check = [least, most](std::string& text) {
    std::uint64_t value = 0;
    const bool is_hex = text.starts_with("0x");
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + (is_hex ? 2 : 0), end, value, is_hex ? 16 : 10);
    const bool fits = error == std::errc() && stop == end && value >= least && value <= most;
    return fits ? "" : fmt::format("'{}' is no whole number from {} to {}", text, least, most);
  };
  return {check, ""};
}

// An option whose value is one of a few words.
template <class T>
CLI::Option* add_choice(CLI::App& app, const std::string& flag, T& value,
                        const std::vector<std::pair<std::string, T>>& choices, const std::string& help) {
  std::vector<std::string> words;
  std::string shown;
  std::string initial;
  for (const auto& [word, meaning] : choices) {
    words.push_back(word);
    shown += (shown.empty() ? "" : "|") + word;
    if (meaning == value) initial = word;
  }
  const auto set = [&value, choices](const std::string& chosen) {
    for (const auto& [word, meaning] : choices) {
      if (word == chosen) value = meaning;
    }
  };
  return app.add_option_function<std::string>(flag, set, help)
      ->check(CLI::IsMember(words).description(""))
      ->type_name(shown)
      ->default_str(initial);
}

}  // namespace callgate::cli
