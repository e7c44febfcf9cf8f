#include "calls/reader.h"

#include "bpf/quote.h"
#include "calls/call_line.h"
#include "calls/recording.h"

namespace callgate::calls {

Reader::Reader(Form form, const Architecture& usual) : form_(form), usual_(usual) {}

// Only a line that looks like it belongs to strace or to a log, so that a misspelt call stays an error.
Form Reader::form_of(std::string_view line) const {
  if (form_ != Form::automatic && form_ != Form::lines) return form_;
  if (is_strace_line(line)) return Form::strace;  // first: what a program writes may look like an audit record
  if (is_audit_line(line)) return Form::audit;
  return form_ == Form::automatic && is_log_line(line) ? Form::audit : Form::lines;
}

std::optional<std::string> Reader::add_typed(std::string_view line, const Sink& seen) {
  auto call = parse_call(line, usual_);
  if (!call) return call.error();
  call->line = line_;
  seen(*call);
  return std::nullopt;
}

std::optional<std::string> Reader::add_recorded(std::string_view line, const Sink& seen) {
  auto recorded = parse_recorded(line);
  if (!recorded) return recorded.error();
  if (recorded->repeats > 0 && !last_) return "bad repetition: there is no call before it";
  if (recorded->repeats == 0) last_ = recorded->call;
  last_->line = line_;
  for (std::uint64_t left = recorded->repeats == 0 ? 1 : recorded->repeats; left > 0; --left) seen(*last_);
  return std::nullopt;
}

// A comment of a recording.
void Reader::add_remark(std::string_view comment) {
  constexpr std::size_t most = 8;
  constexpr std::size_t longest = 200;
  if (comment.ends_with('\r')) comment.remove_suffix(1);
  missing_ends_ += comment == recording_has_end;
  if (missing_ends_ > 0 && comment.starts_with(recording_end)) --missing_ends_;
  if (comment.starts_with(recording_incomplete) && incomplete_.size() < most) {
    incomplete_.push_back(bpf::harmless(comment.substr(recording_incomplete.size()), longest));
  }
}

std::vector<std::string> Reader::remarks() const {
  std::vector<std::string> remarks;
  for (const std::string& text : incomplete_) remarks.push_back("the recording is incomplete: " + text);
  if (missing_ends_ > 0) remarks.emplace_back("the recording has no end: it was cut");
  if (has_hashed_arguments_) {
    remarks.emplace_back(
        "its arguments are hashed; only the filters given to callgate record -f decide these calls as the real ones");
  }
  return remarks;
}

std::optional<std::string> Reader::add(std::string_view line, const Sink& seen) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (++line_ == 1 && line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  const bool can_be_recording = form_ == Form::automatic || form_ == Form::lines || form_ == Form::recording;
  if (can_be_recording && is_recording_header(line)) {
    form_ = Form::recording;
    const std::string_view options = line.substr(0, line.find(" -- "));
    has_hashed_arguments_ |= options.find(" --hash-arguments") != std::string_view::npos;
  }
  if (form_ == Form::recording && line.starts_with('#')) add_remark(line);
  const bool has_comments = form_ != Form::strace && form_ != Form::audit;
  if (has_comments && is_blank(line)) return std::nullopt;
  const Form form = form_of(line);
  const bool is_guess = form_ == Form::automatic;
  if (form_ == Form::automatic) form_ = form;
  switch (form) {
    case Form::recording: return add_recorded(line, seen);
    case Form::strace: strace_.add(line, line_, seen); return std::nullopt;
    case Form::audit: audit_.add(line, line_, seen); return std::nullopt;
    case Form::automatic:
    case Form::lines: break;
  }
  auto error = add_typed(line, seen);
  if (error && is_guess) *error += " (--calls strace or --calls audit, if one of these wrote it)";
  return error;
}

void Reader::finish(const Sink& seen) {
  strace_.finish(seen);
  audit_.finish(seen);
}

}  // namespace callgate::calls
