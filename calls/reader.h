// The one reader of system calls as text, whoever wrote them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "calls/architecture.h"
#include "calls/audit.h"
#include "calls/call.h"
#include "calls/skipped.h"
#include "calls/strace.h"

namespace callgate::calls {

enum class Form : std::uint8_t {
  automatic,  // what each line looks like; a recording is recognised by its header
  lines,      // as people type them: call_line.h
  recording,  // of callgate record: recording.h
  strace,     // strace.h
  audit,      // audit.h
};

// Reads lines one by one. In lines and recordings a line that is no call is an error. Among what strace and the audit
// subsystem write it is skipped and counted, and so is what cannot be read. Not thread-safe.
class Reader {
 public:
  // `usual` is the architecture of typed lines that do not say theirs.
  explicit Reader(Form form = Form::automatic, const Architecture& usual = {});
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Takes the next line, without its newline, and gives `seen` the calls that are complete with it; their `line` says
  // where they begin. The error says what is wrong with the line, without its place.
  std::optional<std::string> add(std::string_view line, const Sink& seen);
  // At the end of the input: gives the calls of which more might have come.
  void finish(const Sink& seen);

  // Who wrote the lines, as far as they have told; automatic before the first line that does.
  Form form() const noexcept { return form_; }
  const Skipped& skipped() const noexcept { return skipped_; }
  // Whether a recording said in its header that its arguments are hashed (callgate record --hash-arguments).
  bool has_hashed_arguments() const noexcept { return has_hashed_arguments_; }
  // What is to be known about a recording before its decisions are trusted, one remark each: what its writer says is
  // missing, that it was cut before its end, that its arguments are hashed. At the end of the input.
  std::vector<std::string> remarks() const;

 private:
  void add_remark(std::string_view comment);
  Form form_of(std::string_view line) const;
  std::optional<std::string> add_typed(std::string_view line, const Sink& seen);
  std::optional<std::string> add_recorded(std::string_view line, const Sink& seen);

  Form form_;
  Architecture usual_;
  std::uint64_t line_ = 0;
  std::optional<Call> last_;  // of a recording
  bool has_hashed_arguments_ = false;
  std::uint64_t missing_ends_ = 0;       // recordings that promise an end, but those that had it
  std::vector<std::string> incomplete_;  // what is missing, by the recording's own words
  Skipped skipped_;
  StraceReader strace_{skipped_};
  AuditReader audit_{skipped_};
};

}  // namespace callgate::calls
