// callgate record: the system calls of a command, to decide later.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

#include "bench/measure/compact.h"
#include "bpf/quote.h"
#include "bpf/text.h"
#include "calls/recording.h"
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
  std::uint64_t sample = 0;  // 0: all
  FilterOptions filter;
};

// The command as a comment: on one line, without what a terminal would obey. Its arguments may be as secret as those of
// its calls.
std::string shown(const RecordOptions& options) {
  constexpr std::size_t most = 4000;
  std::string text;
  for (const std::string& word : options.command) {
    if (!text.empty()) text += ' ';
    for (const char c : word) {
      text += bpf::is_printable(c) ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    if (options.hash_arguments && options.command.size() > 1) {
      return text + fmt::format(" ({} arguments, hidden)", options.command.size() - 1);
    }
    if (text.size() > most) return text.substr(0, most) + "…";
  }
  return text;
}

// A file of whole lines, whatever happens: each is written as it comes, and what a full disk cut off is taken back.
// Programs that this process starts do not get it.
class LineFile {
 public:
  explicit LineFile(const std::string& name)
      : name_(name == "-" ? "standard output" : bpf::visible(name)),
        fd_(name == "-" ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                        : open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)),
        is_own_(name != "-") {
    if (fd_ < 0) fail(errno);
  }
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;
  ~LineFile() { close_now(); }

  const std::string& name() const { return name_; }

  void write(std::string_view lines) {
    try {
      Output out(fd_, name_);
      out.write(lines);
      out.flush();
    } catch (const Failure&) {
      if (is_own_) static_cast<void>(ftruncate(fd_, written_));  // a pipe has no end to cut
      throw;
    }
    written_ += static_cast<off_t>(lines.size());
  }

  // The last chance of a file system to tell of an error.
  void close() {
    if (close_now() != 0) fail(errno);
  }

 private:
  [[noreturn]] void fail(int error) const {
    throw Failure(ExitCode::usage, "cannot write " + name_ + ": " + std::generic_category().message(error));
  }
  int close_now() {
    const int fd = std::exchange(fd_, -1);
    return fd < 0 ? 0 : ::close(fd);
  }

  std::string name_;
  int fd_;
  bool is_own_;
  off_t written_ = 0;  // bytes, whole lines
};

class Recorder {
 public:
  Recorder(const RecordOptions& options, std::optional<HideArguments> hide)
      : options_(options), hide_(std::move(hide)), file_(options.output), writer_(lines_) {
    lines_ << "# callgate record" << (hide_ ? " --hash-arguments" : "")
           << (options.sample > 0 ? fmt::format(" --sample {}", options.sample) : "") << " -- " << shown(options)
           << '\n'
           << calls::recording_has_end << '\n';
    write_lines();
  }

  void add(SeccompData data) {
    ++seen_;
    if (hide_) (*hide_)(data);
    if (options_.sample > 0) {
      kept_.push_back(data);
    } else {
      keep(data);
    }
  }

  // Writes what is still to be written, and what is to be known about it, one comment each.
  void finish(const std::vector<std::string>& remarks) {
    if (options_.sample > 0) {
      for (const SeccompData& data : bench::sample_blocks(kept_, static_cast<std::size_t>(options_.sample))) keep(data);
    }
    writer_.finish();
    for (const std::string& remark : remarks) lines_ << "# " << remark << '\n';
    lines_ << calls::recording_end << ": " << summary() << '\n';
    write_lines();
    file_.close();
  }

  std::string summary() const { return fmt::format("{} calls seen, {} written", seen_, written_); }
  const std::string& file_name() const { return file_.name(); }

 private:
  void keep(const SeccompData& data) {
    writer_.add(data);
    ++written_;
    write_lines();
  }
  void write_lines() {
    if (lines_.view().empty()) return;
    file_.write(lines_.view());
    lines_.str({});
  }

  const RecordOptions& options_;
  std::optional<HideArguments> hide_;
  LineFile file_;
  std::ostringstream lines_;
  bench::CompactWriter writer_;
  std::vector<SeccompData> kept_;
  std::size_t seen_ = 0;
  std::size_t written_ = 0;
};

std::optional<HideArguments> hiding(Session& session, const RecordOptions& options) {
  if (!options.hash_arguments && !options.filters.empty()) {
    throw Failure(ExitCode::usage, "-f says what --hash-arguments must keep; it means nothing without it");
  }
  if (!options.hash_arguments) return std::nullopt;
  refuse_reading_twice(options.filters);
  std::vector<Program> programs;
  for (const std::string& name : options.filters) programs.push_back(read_program(session, name, options.filter));
  return HideArguments(std::move(programs));
}

// Options behind the command's name would be taken for those of this command.
void refuse_misplaced_options(const Session& session, const RecordOptions& options) {
  const auto begin = options.command.begin();
  if (session.has_double_dash ||
      std::none_of(begin + 1, options.command.end(), [](const std::string& word) { return word.starts_with('-'); })) {
    return;
  }
  throw Failure(ExitCode::usage,
                "whose options are those behind the command? Put -- before it: callgate record [options] -- " +
                    options.command[0] + " …\nRun with --help for the usage.");
}

// One line of it, for a comment.
std::string shown_reason(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  for (char& c : line) c = bpf::is_printable(c) ? c : '?';
  return line;
}

std::string signal_name(int number) {
  const char* const abbreviation = sigabbrev_np(number);
  return abbreviation != nullptr ? std::string("SIG") + abbreviation : fmt::format("signal {}", number);
}

// What is not in the recording, one sentence each; none if all is.
std::vector<std::string> missing(const TraceEnd& end) {
  std::vector<std::string> remarks;
  if (end.told_to_end_by != 0) {
    remarks.push_back(fmt::format("incomplete: {} ended the recording", signal_name(end.told_to_end_by)));
  } else if (end.command_killed_by != 0) {
    remarks.push_back(fmt::format("incomplete: {} ended the command", signal_name(end.command_killed_by)));
  }
  if (end.untraced != 0) {
    remarks.push_back(
        fmt::format("incomplete: {} times a child with CLONE_UNTRACED was asked for; the calls of such "
                    "children are missing",
                    end.untraced));
  }
  return remarks;
}

TraceEnd traced(const RecordOptions& options, Recorder& recorder) {
  try {
    // What the command writes must not become lines of the recording.
    const CommandOutput output = options.output == "-" ? CommandOutput::standard_error : CommandOutput::of_caller;
    return trace(options.command, output, {[&](pid_t, const SeccompData& data) { recorder.add(data); }});
  } catch (const std::exception& error) {
    try {
      recorder.finish({"incomplete: " + shown_reason(error.what())});
    } catch (const Failure&) {  // it was about the same file, or is the smaller problem
    }
    throw;
  }
}

// The exit code is the command's, as with other commands that run one.
ExitCode run(Session& session, const RecordOptions& options) {
  refuse_misplaced_options(session, options);
  Recorder recorder(options, hiding(session, options));
  const TraceEnd end = traced(options, recorder);
  const std::vector<std::string> remarks = missing(end);
  recorder.finish(remarks);
  say(session, fmt::format("{} to {}", recorder.summary(), recorder.file_name()));
  for (const std::string& remark : remarks) say(session, "the recording is " + remark);
  const int code = end.given_up ? 128 + end.told_to_end_by : end.exit_code;
  if (code != 0) say(session, fmt::format("the command ended with status {}", code));
  return static_cast<ExitCode>(code);
}

}  // namespace

void add_record(CLI::App& app, Session& session) {
  auto options = std::make_shared<RecordOptions>();
  CLI::App& command = *app.add_subcommand("record", "Run a command and write down its system calls");
  command
      .add_option("-o,--output", options->output,
                  "Where the calls go; - is standard output, and the command's own\n"
                  "standard output goes to standard error then")
      ->type_name("FILE")
      ->capture_default_str();
  command.add_flag("--hash-arguments", options->hash_arguments,
                   "Hide the arguments (addresses, sizes, descriptors): each half is hashed with a key\n"
                   "that is forgotten, unless it is 0 or the filters of -f compare with it or decide by it");
  command
      .add_option("-f,--filter", options->filters, "A filter whose decisions --hash-arguments keeps (may be repeated)")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command.add_option("--sample", options->sample, "Write about N calls only: blocks of 64 neighbours, evenly spread")
      ->check(whole_number(1, std::uint64_t{1} << 32))
      ->type_name("N");
  command.positionals_at_end();
  command.add_option("COMMAND", options->command, "The command and its arguments, after --")->required()->type_name("");
  add_filter_options(command, options->filter, "--input-format");
  command.footer(
      R"(Every thread and every child of the command is followed, until all have ended. Calls are written as
"number [i386] [arguments in hexadecimal]" a line, "* N" for N more of the same; instruction pointers are not kept.
Not seen is what children made with CLONE_UNTRACED do (the recording says so), and what other processes or io_uring do
for the command.

A last line "# end" closes every recording, and lines "# incomplete" before it say what is missing. A signal that
another process sends to this one is passed on to the command, which has five seconds to end; all calls so far are kept.

Examples:
  callgate record -o make.calls -- make -j4
  callgate record --hash-arguments -f profile.json -o service.calls -- ./service --once
  callgate bench -f profile.json --stream make.calls

Exit code: the command's own (128 + the signal that ended it or the recording); 2 if it cannot be run, traced or
written down.)");
  command.callback([options, &session] { session.exit = run(session, *options); });
}

}  // namespace callgate::cli
