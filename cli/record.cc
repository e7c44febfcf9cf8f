// callgate record: the system calls of a command, to decide later.
#include <cerrno>
#include <fstream>
#include <memory>
#include <optional>
#include <system_error>

#include "bench/measure/compact.h"
#include "cli/command.h"
#include "cli/filter_file.h"
#include "cli/hide_arguments.h"
#include "cli/tracer.h"

namespace callgate::cli {
namespace {

struct RecordOptions {
  std::vector<std::string> command;
  std::string output = "calls.txt";
  bool hash_arguments = false;
  std::vector<std::string> filters;
  std::size_t sample = 0;
  FilterOptions filter;
};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text.substr(0, text.find('\n'));  // a comment is one line
}

class Recorder {
 public:
  Recorder(const RecordOptions& options, std::optional<HideArguments> hide)
      : options_(options), hide_(std::move(hide)), file_(options.output), writer_(file_) {
    if (!file_) fail();
    file_ << "# callgate record" << (hide_ ? " --hash-arguments" : "")
          << (options.sample > 0 ? fmt::format(" --sample {}", options.sample) : "") << " -- "
          << joined(options.command) << '\n';
  }

  void add(SeccompData data) {
    ++seen_;
    if (hide_) (*hide_)(data);
    if (options_.sample > 0) {
      kept_.push_back(data);
    } else {
      writer_.add(data);
    }
  }

  // The number of calls written.
  std::size_t finish() {
    std::size_t written = seen_;
    if (options_.sample > 0) {
      const std::vector<SeccompData> sample = bench::sample_blocks(kept_, options_.sample);
      for (const SeccompData& data : sample) writer_.add(data);
      written = sample.size();
    }
    writer_.finish();
    if (!file_.flush()) fail();
    return written;
  }

  std::size_t seen() const { return seen_; }

 private:
  [[noreturn]] void fail() const {
    throw Failure(ExitCode::usage, options_.output + ": " + std::generic_category().message(errno));
  }

  const RecordOptions& options_;
  std::optional<HideArguments> hide_;
  std::ofstream file_;
  bench::CompactWriter writer_;
  std::vector<SeccompData> kept_;
  std::size_t seen_ = 0;
};

std::optional<HideArguments> hiding(Session& session, const RecordOptions& options) {
  if (!options.hash_arguments && !options.filters.empty()) {
    throw Failure(ExitCode::usage, "-f says what --hash-arguments must keep; it means nothing without it");
  }
  if (!options.hash_arguments) return std::nullopt;
  std::vector<Program> programs;
  for (const std::string& name : options.filters) programs.push_back(read_program(session, name, options.filter));
  return HideArguments(std::move(programs));
}

// The exit code is the command's, as with other commands that run one.
ExitCode run(Session& session, const RecordOptions& options) {
  Recorder recorder(options, hiding(session, options));
  const int code = trace(options.command, [&](const SeccompData& data) { recorder.add(data); });
  const std::size_t written = recorder.finish();
  say(session, fmt::format("{} calls seen, {} written to {}", recorder.seen(), written, options.output));
  if (code != 0) say(session, fmt::format("the command ended with status {}", code));
  return static_cast<ExitCode>(code);
}

}  // namespace

void add_record(CLI::App& app, Session& session) {
  auto options = std::make_shared<RecordOptions>();
  CLI::App& command = *app.add_subcommand("record", "Run a command and write down its system calls");
  command.add_option("-o,--output", options->output, "Where the calls go")->type_name("FILE")->capture_default_str();
  command.add_flag("--hash-arguments", options->hash_arguments,
                   "Hide the arguments (addresses, sizes, descriptors): each half is hashed with a key\n"
                   "that is forgotten, unless it is 0 or the filters of -f compare with it or decide by it");
  command
      .add_option("-f,--filter", options->filters, "A filter whose decisions --hash-arguments keeps (may be repeated)")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command.add_option("--sample", options->sample, "Write about N calls only: blocks of 64 neighbours, evenly spread")
      ->type_name("N");
  command.add_option("COMMAND", options->command, "The command and its arguments, after --")->required()->type_name("");
  add_filter_options(command, options->filter, "--input-format");
  command.footer(R"(Every thread and every child of the command is followed, until all have ended. Calls are written as
"number [i386] [arguments in hexadecimal]" a line, "* N" for N more of the same; instruction pointers are not kept.

Examples:
  callgate record -o make.calls -- make -j4
  callgate record --hash-arguments -f profile.json -o service.calls -- ./service --once
  callgate bench -f profile.json --stream make.calls

Exit code: the command's own (128 + the signal that ended it); 2 if it cannot be run, traced or written down.)");
  command.callback([options, &session] { session.exit = run(session, *options); });
}

}  // namespace callgate::cli
