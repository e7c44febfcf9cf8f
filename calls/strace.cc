#include "calls/strace.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "bpf/quote.h"
#include "bpf/text.h"
#include "calls/architecture.h"
#include "calls/number.h"
#include "calls/strace_arguments.h"
#include "calls/syscall_names.h"

namespace callgate::calls {
namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::uint64_t all_bits = ~std::uint64_t{0};
constexpr std::string_view unfinished_mark = "<unfinished ...>";
constexpr std::string_view detached_mark = "<detached ...>";

std::string_view without_spaces(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t\r") + 1);
}

bool is_made_of(std::string_view word, std::string_view characters) {
  return !word.empty() && word.find_first_not_of(characters) == npos;
}

constexpr std::string_view digits = "0123456789";

// What stands before a call.
struct Leader {
  std::uint64_t thread = 0;  // 0: not told
  bool has_thread = false;
  bool has_number = false;
  std::uint32_t number = 0;
  bool has_ip = false;
  std::uint64_t ip = 0;
  std::string_view rest;
};

class LeaderReader {
 public:
  explicit LeaderReader(std::string_view line) { leader_.rest = without_spaces(line); }

  Leader read() {
    while (take_thread() || take_time() || take_bracket()) leader_.rest = without_spaces(leader_.rest);
    return leader_;
  }

 private:
  // "1234 ", "1234<name> ", "[pid  1234] "; only once, and before all else.
  bool take_thread() {
    if (std::exchange(tried_thread_, true)) return false;
    std::string_view text = leader_.rest;
    const bool in_brackets = text.starts_with("[pid ");
    if (in_brackets) text = without_spaces(text.substr(4));
    const std::size_t length = std::min(text.find_first_not_of(digits), text.size());
    const std::string_view behind = text.substr(length);
    std::size_t name = 0;
    if (behind.starts_with('<')) name = behind.find("> ") + 1;
    const std::string_view end = behind.substr(std::min(name, behind.size()));
    if (length == 0 || !(in_brackets ? behind.find(']') != npos : end.starts_with(' '))) return false;
    std::uint64_t thread = 0;
    if (parse_digits(text.substr(0, length), 10, 64, thread) != Number::ok) return false;
    constexpr std::uint64_t largest_thread = 4194304;           // PID_MAX_LIMIT
    if (thread > largest_thread && !in_brackets) return false;  // a time
    leader_.thread = thread;
    leader_.has_thread = true;
    leader_.rest = in_brackets ? behind.substr(behind.find(']') + 1) : end;
    return true;
  }

  // "12:00:00", "12:00:00.123456", "1700000000", "1700000000.123456", "1", "0.000012", "(+     0.000012)".
  bool take_time() {
    const std::string_view text = leader_.rest;
    if (text.starts_with("(+")) {
      const std::size_t end = text.find(')');
      if (end == npos || !is_made_of(text.substr(2, end - 2), "0123456789. ")) return false;
      leader_.rest = text.substr(end + 1);
      return true;
    }
    const std::string_view word = text.substr(0, text.find(' '));
    if (word.size() == text.size() || !is_made_of(word, "0123456789:.")) return false;
    leader_.rest = text.substr(word.size());
    return true;
  }

  // "[ 257] " (-n) and "[00007ffff7fe1234] " (-i), in this order; either may be "[????]".
  bool take_bracket() {
    const std::string_view text = leader_.rest;
    const std::size_t end = text.find(']');
    if (!text.starts_with('[') || end == npos) return false;
    const std::string_view padded = text.substr(1, end - 1);
    const std::string_view word = without_spaces(padded);
    const bool can_be_ip = brackets_ == 1 || padded.size() == 8 || padded.size() == 16;
    if (brackets_ >= 2 || !(is_made_of(word, "?") || (can_be_ip ? take_ip(word) : take_number(word)))) return false;
    brackets_ = can_be_ip ? 2 : 1;
    leader_.rest = text.substr(end + 1);
    return true;
  }

  bool take_ip(std::string_view word) {
    leader_.has_ip = parse_digits(word, 16, 64, leader_.ip) == Number::ok;
    return leader_.has_ip;
  }

  bool take_number(std::string_view word) {
    std::uint64_t value = 0;
    leader_.has_number =
        (word.starts_with('-') ? parse_number(word, 32, value) : parse_digits(word, 10, 32, value)) == Number::ok;
    leader_.number = static_cast<std::uint32_t>(value);
    return leader_.has_number;
  }

  Leader leader_;
  bool tried_thread_ = false;
  int brackets_ = 0;
};

Leader read_leader(std::string_view line) { return LeaderReader(line).read(); }

// The name before an opening parenthesis; empty if there is none.
std::string_view name_of_call(std::string_view text) {
  const std::size_t end = text.find('(');
  if (end == npos || end == 0 || bpf::is_digit(text.front())) return {};
  const std::string_view name = text.substr(0, end);
  const bool is_name =
      std::ranges::all_of(name, [](char c) { return bpf::is_letter(c) || bpf::is_digit(c) || c == '_'; });
  return is_name ? name : std::string_view();
}

bool is_notice(std::string_view text) {
  return text.starts_with("strace: ") || text.starts_with("[ Process ") || text.starts_with("Process ") ||
         text.starts_with("> ");  // a line of -k
}

// "…name(…)… = …": what only a call looks like, whatever stands before it.
bool looks_like_call(std::string_view text) {
  for (std::size_t open = text.find('('); open != npos; open = text.find('(', open + 1)) {
    if (open == 0) continue;
    const char before = text[open - 1];
    if (!bpf::is_letter(before) && !bpf::is_digit(before) && before != '_') continue;
    const std::size_t close = text.find(')', open);
    return close != npos && text.find(" = ", close) != npos;
  }
  return false;
}

// Cuts the mark off the end of a call that was not finished when the line was written.
bool cut_mark(std::string_view& text, std::string_view mark) {
  std::string_view rest = without_spaces(text);
  if (rest.ends_with("= ?")) {  // strace ended, or the thread was killed
    const std::string_view before = without_spaces(rest.substr(0, rest.size() - 3));
    if (before.ends_with(')') && before.substr(0, before.size() - 1).ends_with(mark)) {
      rest = before.substr(0, before.size() - 1);
    }
  }
  if (!rest.ends_with(mark)) return false;
  text = rest.substr(0, rest.size() - mark.size());
  return true;
}

std::optional<std::uint32_t> number_of(std::string_view name, std::uint32_t arch, bool x32) {
  if (name.starts_with("syscall_0x")) {
    std::uint64_t value = 0;
    if (parse_digits(name.substr(10), 16, 32, value) != Number::ok) return std::nullopt;
    return static_cast<std::uint32_t>(value);
  }
  const auto known = syscall_number(name, arch, x32);
  if (!known) return std::nullopt;
  return *known;
}

// The architecture for which `number` is called `name`, if there is exactly one.
std::optional<std::uint32_t> arch_of_call(std::uint32_t number, std::string_view name) {
  if ((number & arch::x32_bit) != 0) return arch::x86_64;
  const bool x86_64 = syscall_name(number, arch::x86_64) == name;
  const bool x86_32 = syscall_name(number, arch::x86_32) == name;
  if (x86_64 == x86_32) return std::nullopt;
  return x86_64 ? arch::x86_64 : arch::x86_32;
}

// strace shows what socketcall and ipc do as calls of their own, whose numbers were not used.
constexpr std::uint32_t nr_socketcall = 102;
constexpr std::uint32_t nr_ipc = 117;

// Their parts that are also calls of their own, since Linux 4.3: socket to shutdown, semget to msgctl.
bool is_part_of_other_call(std::uint32_t number) {
  return (number >= 359 && number <= 373) || (number >= 393 && number <= 402);
}

// Calls that strace shows by these names on i386 as well, where they are parts of socketcall and ipc only.
bool is_part_only(std::string_view name) { return name == "accept" || name == "semop"; }

bool makes_thread(std::string_view name) {
  return name == "clone" || name == "clone3" || name == "fork" || name == "vfork";
}

// "vfork(strace: Process 7 attached": a remark in the middle of a call, whose mark follows on the next line.
bool cut_remark(std::string_view& text) {
  const std::size_t at = text.rfind("strace: Process ");
  if (at == npos || at == 0 || !without_spaces(text).ends_with(" attached")) return false;
  text = text.substr(0, at);
  return true;
}

}  // namespace

bool is_strace_line(std::string_view line) {
  const std::string_view rest = read_leader(line).rest;
  return is_notice(rest) || rest.starts_with("--- ") || rest.starts_with("+++ ") || rest.starts_with("<... ") ||
         !name_of_call(rest).empty();
}

// A new thread has the architecture of the one that made it: the only one that is just doing so, or else the one that
// spoke last. With numbers (-n) most calls tell it themselves, so that the latter is not needed.
StraceReader::Thread& StraceReader::thread_of(std::uint64_t id, bool has_number) {
  if (const auto found = threads_.find(id); found != threads_.end()) return found->second;
  const Thread* parent = nullptr;
  std::size_t parents = 0;
  for (const auto& [each, thread] : threads_) {
    if (!thread.has_pending || !makes_thread(name_of_call(read_leader(thread.pending.text).rest))) continue;
    parent = &thread;
    ++parents;
  }
  const Thread& model = parents == 1 ? *parent : last_;
  Thread& added = threads_[id];
  if (parents != 1 && has_number) return added;
  added.arch = model.arch;
  added.x32 = model.x32;
  added.knows_arch = parents == 1 && model.knows_arch;
  return added;
}

void StraceReader::add_notice(std::string_view text, Thread& thread) {
  ++skipped_.notices;
  constexpr std::string_view key = "Process PID=";
  const std::size_t at = text.find(key);
  if (at == npos) return;
  const std::string_view pid_and_rest = text.substr(at + key.size());
  std::uint64_t pid = 0;
  const std::string_view pid_digits = pid_and_rest.substr(0, pid_and_rest.find_first_not_of(digits));
  if (parse_digits(pid_digits, 10, 64, pid) != Number::ok) return;
  for (Thread* const told : {&thread, &thread_of(pid, false)}) {
    const bool is_32_bit = text.find("runs in 32 bit mode") != npos;
    const bool is_x32 = text.find("runs in x32 mode") != npos;
    if (!is_32_bit && !is_x32 && text.find("runs in 64 bit mode") == npos) continue;
    told->arch = is_32_bit ? arch::x86_32 : arch::x86_64;
    told->x32 = is_x32;
    told->knows_arch = true;
    saw_notice_ = true;
    saw_i386_ |= is_32_bit;
  }
}

void StraceReader::note_i386() {
  if (std::exchange(saw_i386_, true)) return;
  skipped_.guessed_arch += std::exchange(assumed_, 0);
}

// What a name without a number tells: a few calls exist on one architecture only.
void StraceReader::learn_arch(std::string_view name, Thread& thread) {
  if (thread.x32) return;
  const bool x86_64 = syscall_number(name, arch::x86_64, false).has_value();
  const bool ia32 = syscall_number(name, arch::x86_32, false).has_value();
  if (x86_64 != ia32 && !is_part_only(name)) {
    if (ia32) note_i386();
    thread.arch = ia32 ? arch::x86_32 : arch::x86_64;
    thread.knows_arch = true;
  }
  if (thread.knows_arch) return;
  ++(saw_i386_ ? skipped_.guessed_arch : assumed_);
}

// A thread that a call made, or another program in the same one. `result`: "= 7".
void StraceReader::note_result(std::string_view name, std::string_view result, Thread& thread) {
  if (!result.starts_with('=')) return;
  const std::string_view text = without_spaces(result.substr(1));
  std::uint64_t value = 0;
  const std::string_view word = text.substr(0, text.find_first_not_of(digits));
  if (parse_digits(word, 10, 64, value) != Number::ok) return;
  if (name == "execve" || name == "execveat") {
    if (value == 0 && !saw_notice_) thread.knows_arch = false;
  } else if (makes_thread(name) && value != 0) {
    const auto [child, is_new] = threads_.try_emplace(value);
    if (!is_new) return;
    child->second.arch = thread.arch;
    child->second.x32 = thread.x32;
    child->second.knows_arch = thread.knows_arch;
  }
}

// Sets number and architecture, or says why they are not known.
std::string StraceReader::read_number(std::string_view name, bool has_number, std::uint32_t number, Thread& thread,
                                      Call& call) {
  if (has_number) {
    const std::optional<std::uint32_t> told = arch_of_call(number, name);
    if (told) {
      thread.arch = *told;
      thread.x32 = (number & arch::x32_bit) != 0;
      thread.knows_arch = true;
    } else if (number == nr_socketcall || number == nr_ipc) {
      thread.arch = arch::x86_32;  // on x86_64 these have names that tell
      thread.knows_arch = true;
    } else {
      ++skipped_.guessed_arch;
    }
    call.data.nr = number;
    call.data.arch = thread.arch;
    return "";
  }
  learn_arch(name, thread);
  const std::optional<std::uint32_t> known = number_of(name, thread.arch, thread.x32);
  if (!known) return "unknown system call " + bpf::in_quotes(name);
  if (thread.arch == arch::x86_32 && is_part_of_other_call(*known)) {
    return bpf::in_quotes(name) + " is a call of its own or a part of socketcall or ipc: only strace -n tells";
  }
  call.data.nr = *known;
  call.data.arch = thread.arch;
  return "";
}

void StraceReader::add_call(std::string_view line, std::uint64_t number, Thread& thread, bool interrupted,
                            const Sink& seen) {
  const Leader leader = read_leader(line);
  const std::string_view name = name_of_call(leader.rest);
  const auto arguments = read_strace_arguments(leader.rest.substr(std::min(name.size() + 1, leader.rest.size())));
  if (!arguments) return skipped_.add_odd(number, "more than six arguments", line);
  const std::string_view result = without_spaces(arguments->rest);
  const bool is_whole = arguments->closed && (result.empty() || result.starts_with('='));
  if (!is_whole && !(interrupted && !arguments->closed)) {
    return skipped_.add_odd(number, arguments->closed ? "not a call" : "a call that is cut off", line);
  }
  Call call;
  call.line = number;
  if (std::string why = read_number(name, leader.has_number, leader.number, thread, call); !why.empty()) {
    return skipped_.add_odd(number, std::move(why), line);
  }
  last_.arch = thread.arch;
  last_.x32 = thread.x32;
  note_result(name, result, thread);
  call.data.instruction_pointer = leader.ip;
  if (!leader.has_ip) call.unknown.instruction_pointer = all_bits;
  place_strace_arguments(name, *arguments, call);
  const bool is_multiplexer =
      call.data.arch == arch::x86_32 && (call.data.nr == nr_socketcall || call.data.nr == nr_ipc);
  if (is_multiplexer && name != "socketcall" && name != "ipc") {
    std::ranges::fill(call.data.args, 0);
    std::ranges::fill(call.unknown.args, 0xffffffff);
  }
  seen(call);
}

void StraceReader::give_up(Thread& thread, const Sink& seen) {
  if (!std::exchange(thread.has_pending, false)) return;
  add_call(thread.pending.text, thread.pending.line, thread, true, seen);
}

// The thread whose interrupted call `name` goes on. While there is one thread only, strace does not name it on a
// terminal, so the halves may differ in this.
StraceReader::Thread* StraceReader::find_pending(std::uint64_t id, std::string_view name) {
  const auto waits = [&](const Thread& thread) {
    return thread.has_pending && name_of_call(read_leader(thread.pending.text).rest) == name;
  };
  for (const std::uint64_t each : {id, std::uint64_t{0}}) {
    if (const auto found = threads_.find(each); found != threads_.end() && waits(found->second)) return &found->second;
  }
  if (id != 0) return nullptr;
  Thread* only = nullptr;
  for (auto& [each, thread] : threads_) {
    if (!waits(thread)) continue;
    if (only != nullptr) return nullptr;
    only = &thread;
  }
  return only;
}

// `rest`: "<... read resumed>"text", 832) = 832".
void StraceReader::resume(std::string_view rest, std::uint64_t id, const Sink& seen) {
  ++skipped_.resumed;
  constexpr std::string_view begin = "<... ";
  constexpr std::string_view mark = " resumed>";
  const std::size_t end = rest.find(mark);
  if (end == npos) return;
  Thread* const thread = find_pending(id, rest.substr(begin.size(), end - begin.size()));
  if (thread == nullptr) return;
  std::string_view tail = rest.substr(end + mark.size());
  thread->has_pending = false;
  const bool again = cut_mark(tail, unfinished_mark);
  add_call(thread->pending.text + std::string(tail), thread->pending.line, *thread, again, seen);
}

// The rest of a call in the middle of which strace made a remark.
void StraceReader::resume_remarked(std::string_view rest, const Sink& seen) {
  ++skipped_.resumed;
  Thread& thread = *std::exchange(remarked_, nullptr);
  if (!std::exchange(thread.has_pending, false)) return;
  add_call(thread.pending.text + std::string(rest), thread.pending.line, thread, false, seen);
}

void StraceReader::add(std::string_view line, std::uint64_t number, const Sink& seen) {
  const Leader leader = read_leader(line);
  Thread& thread = thread_of(leader.thread, leader.has_number);
  std::string_view rest = leader.rest;
  if (rest.empty() || rest == unfinished_mark || is_notice(rest)) return add_notice(rest, thread);
  if (rest.starts_with("---")) return static_cast<void>(++skipped_.signals);
  if (rest.starts_with("+++")) {
    ++skipped_.exits;
    give_up(thread, seen);
    if (remarked_ == &thread) remarked_ = nullptr;
    threads_.erase(leader.thread);  // its number may be used again
    return;
  }
  if (rest.starts_with("<...")) return resume(rest, leader.thread, seen);
  if (name_of_call(rest).empty()) {
    if ((rest.starts_with(',') || rest.starts_with(')')) && remarked_ != nullptr) return resume_remarked(rest, seen);
    if (rest.starts_with("???")) return skipped_.add_odd(number, "a call that strace could not read", line);
    if (looks_like_call(line)) return skipped_.add_odd(number, "what stands before the call is not understood", line);
    return skipped_.add_other(number, line);
  }
  give_up(thread, seen);
  std::string_view text = line;
  const bool has_remark = cut_remark(text);
  if (has_remark || cut_mark(text, unfinished_mark)) {
    if (has_remark) remarked_ = &thread;
    thread.pending = {number, std::string(text)};
    thread.has_pending = true;
    return;
  }
  const bool is_detached = cut_mark(text, detached_mark);
  add_call(text, number, thread, is_detached, seen);
}

void StraceReader::finish(const Sink& seen) {
  for (auto& [id, thread] : threads_) give_up(thread, seen);
}

}  // namespace callgate::calls
