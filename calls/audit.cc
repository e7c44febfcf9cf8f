#include "calls/audit.h"

#include <algorithm>
#include <array>

#include "bpf/quote.h"
#include "bpf/text.h"
#include "calls/architecture.h"
#include "calls/number.h"
#include "calls/symbols.h"

namespace callgate::calls {
namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::uint64_t all_bits = ~std::uint64_t{0};
constexpr std::uint64_t low_half = 0xffffffff;
constexpr std::size_t recorded_arguments = 4;  // a0 to a3

enum class Kind : std::uint8_t { none, other, seccomp, syscall };

struct Record {
  Kind kind = Kind::none;
  std::string_view id;    // the same for all records of one event
  std::string_view body;  // fields
};

Kind kind_of(std::string_view type) {
  if (type.starts_with("UNKNOWN[") && type.ends_with(']')) type = type.substr(8, type.size() - 9);  // an old ausearch
  if (type == "SECCOMP" || type == "1326") return Kind::seccomp;
  if (type == "SYSCALL" || type == "1300") return Kind::syscall;
  return Kind::other;
}

std::string_view word_at(std::string_view text) { return text.substr(0, text.find_first_of(" \t\r\x1d")); }

// Whether a word begins at `at`.
bool is_at_word(std::string_view line, std::size_t at) {
  return at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t';
}

// "type=1326 audit(…): …", "type=SECCOMP msg=audit(…): …", "node=… type=…".
Record record_with_type(std::string_view line) {
  constexpr std::string_view key = "type=";
  const std::size_t at = line.find(key);
  if (at == npos || !is_at_word(line, at)) return {};
  const std::string_view rest = line.substr(at + key.size());
  const std::string_view type = word_at(rest);
  const std::size_t open = rest.find("audit(", type.size());
  if (open == npos || open > type.size() + 5) return {};  // " msg=" at most
  const std::size_t close = rest.find(')', open);
  if (close == npos) return {Kind::other, {}, {}};
  const std::size_t colon = rest.find(':', close);
  if (colon == npos || colon > close + 2) return {Kind::other, {}, {}};
  return {kind_of(type), rest.substr(open, close - open), rest.substr(colon + 1)};
}

// "audit[1234]: SECCOMP auid=…": the journal's own way.
Record record_of_journal(std::string_view line) {
  constexpr std::string_view key = "audit[";
  const std::size_t at = line.find(key);
  if (at == npos || !is_at_word(line, at)) return {};
  const std::size_t end = line.find("]: ", at);
  if (end == npos || line.substr(at + key.size(), end - at - key.size()).find_first_not_of("0123456789") != npos)
    return {};
  const std::string_view rest = line.substr(end + 3);
  const std::string_view type = word_at(rest);
  return {kind_of(type), line.substr(0, end), rest.substr(type.size())};
}

Record find_record(std::string_view line) {
  const Record record = record_with_type(line);
  return record.kind != Kind::none ? record : record_of_journal(line);
}

enum Field : std::uint8_t { field_arch, field_syscall, field_ip, field_a0, fields = field_a0 + recorded_arguments };
constexpr std::string_view field_names[fields] = {"arch", "syscall", "ip", "a0", "a1", "a2", "a3"};

using Fields = std::array<std::optional<std::string_view>, fields>;

// The fields that tell the call. Whoever runs a program chooses its name, which stands in the same record: a field that
// is there twice is an error.
std::optional<std::string> read_fields(std::string_view body, Fields& found) {
  while (!body.empty()) {
    body.remove_prefix(std::min(body.find_first_not_of(" \t\r\x1d"), body.size()));
    std::size_t end = 0;
    for (bool quoted = false; end < body.size(); ++end) {
      if (body[end] == '"') quoted = !quoted;
      if (!quoted && (body[end] == ' ' || body[end] == '\t' || body[end] == '\r' || body[end] == '\x1d')) break;
    }
    const std::string_view word = body.substr(0, end);
    body.remove_prefix(end);
    const std::size_t equals = word.find('=');
    const auto* const name = std::ranges::find(field_names, word.substr(0, equals));
    if (equals == npos || name == std::end(field_names)) continue;
    auto& field = found[static_cast<std::size_t>(name - field_names)];
    if (field) return std::string(*name) + " is given twice";
    field = word.substr(equals + 1);
    if (!field->starts_with('"')) field = field->substr(0, field->find('"'));  // the end of a string of JSON
  }
  return std::nullopt;
}

// Constants joined by '|', or a number that says of itself that it is hexadecimal, as ausearch -i shows arguments.
bool read_interpreted(std::string_view word, std::uint64_t& value, std::uint64_t& unknown) {
  value = 0;
  unknown = 0;
  for (;;) {
    const std::size_t end = word.find('|');
    const std::string_view part = word.substr(0, end);
    std::uint64_t number = 0;
    if (const auto symbol = symbol_value(part)) {
      number = static_cast<std::uint64_t>(*symbol);
      if (*symbol < 0) {
        number &= low_half;
        unknown = ~low_half;
      }
    } else if (!part.starts_with("0x") || parse_digits(part.substr(2), 16, 64, number) != Number::ok) {
      return false;
    }
    value |= number;
    if (end == npos) return true;
    word.remove_prefix(end + 1);
  }
}

// The call in ausearch's "unknown-syscall(462)" and "socketcall(socket)".
std::string_view syscall_word(std::string_view word) {
  constexpr std::string_view no_name = "unknown-syscall(";
  const std::size_t open = word.find('(');
  if (open == npos || !word.ends_with(')')) return word;
  if (word.starts_with(no_name)) return word.substr(open + 1, word.size() - open - 2);
  const std::string_view name = word.substr(0, open);
  return name == "socketcall" || name == "ipc" ? name : word;
}

class CallReader {
 public:
  explicit CallReader(const Fields& fields) : fields_(fields) {}

  // The error, if the fields tell no call.
  std::optional<std::string> read(Call& call) {
    if (!fields_[field_arch] || !fields_[field_syscall]) return "no arch= or no syscall= in it";
    const auto architecture = read_architecture(*fields_[field_arch]);
    if (!architecture) return unknown_architecture(*fields_[field_arch]);
    call.data.arch = architecture->value;
    if (auto error = read_nr(syscall_word(*fields_[field_syscall]), *architecture, call.data.nr)) return error;
    if (auto error = read_ip(call)) return error;
    return read_arguments(call);
  }

 private:
  // Raw records have a bare hexadecimal number; ausearch -i writes a name.
  std::optional<Architecture> read_architecture(std::string_view word) {
    std::uint64_t value = 0;
    is_raw_ = parse_digits(word, 16, 32, value) == Number::ok;
    return is_raw_ ? Architecture{static_cast<std::uint32_t>(value), false} : parse_architecture(word);
  }

  std::optional<std::string> read_ip(Call& call) const {
    if (!fields_[field_ip]) {
      call.unknown.instruction_pointer = all_bits;
      return std::nullopt;
    }
    const std::string_view word = *fields_[field_ip];
    const std::string_view digits = word.substr(word.starts_with("0x") ? 2 : 0);
    if (parse_digits(digits, 16, 64, call.data.instruction_pointer) == Number::ok) return std::nullopt;
    return "ip is not a number: " + bpf::in_quotes(word);
  }

  std::optional<std::string> read_arguments(Call& call) const {
    const std::uint64_t bits = has_32_bit_registers(call.data.arch) ? low_half : all_bits;
    std::ranges::fill(call.unknown.args, bits);
    for (std::size_t i = 0; i < recorded_arguments; ++i) {
      const auto& field = fields_[field_a0 + i];
      if (!field) continue;
      call.shown = static_cast<std::uint8_t>(i + 1);
      std::uint64_t value = 0;
      std::uint64_t unknown = 0;
      if (is_raw_) {
        if (parse_digits(*field, 16, 64, value) != Number::ok) {
          return std::string(field_names[field_a0 + i]) + " is not a number: " + bpf::in_quotes(*field);
        }
      } else if (!read_interpreted(*field, value, unknown)) {
        continue;
      }
      call.data.args[i] = value & bits;
      call.unknown.args[i] = unknown & bits;
    }
    return std::nullopt;
  }

  const Fields& fields_;
  bool is_raw_ = false;
};

constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool has_digits(std::string_view text, std::size_t begin, std::size_t count) {
  return text.size() >= begin + count && std::ranges::all_of(text.substr(begin, count), bpf::is_digit);
}

constexpr std::string_view days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

// "Sat ": cut off, if the text begins with a day.
void cut_day(std::string_view& text) {
  if (text.size() > 4 && text[3] == ' ' && std::ranges::find(days, text.substr(0, 3)) != std::end(days))
    text.remove_prefix(4);
}

// "2026-11-28T…", "Sat 2026-11-28 …", "Nov 28 12:00:00 ", "Sat Nov 28 12:00:00 2026".
bool begins_with_date(std::string_view text) {
  cut_day(text);
  if (has_digits(text, 0, 4) && text.substr(4).starts_with('-') && has_digits(text, 5, 2)) return true;
  return text.size() > 6 && std::ranges::find(months, text.substr(0, 3)) != std::end(months) && text[3] == ' ' &&
         (bpf::is_digit(text[4]) || text[4] == ' ') && bpf::is_digit(text[5]) && text[6] == ' ';
}

// "12.345678", with blanks before it: since boot, or since 1970.
bool is_time(std::string_view text) { return text.find('.') != npos && text.find_first_not_of(" 0123456789.") == npos; }

// What dmesg -x and -r write first, cut off: "kern  :info  : ", "<6>".
void cut_level(std::string_view& text) {
  const std::size_t end = text.find('[');
  if (end == npos) return;
  const std::string_view level = text.substr(0, end);
  const bool is_number = level.size() >= 3 && level.starts_with('<') && level.ends_with('>') &&
                         level.substr(1, level.size() - 2).find_first_not_of("0123456789") == npos;
  const bool is_name = level.ends_with(": ") && level.find_first_not_of("abcdefghijklmnopqrstuvwxyz: 01234567") == npos;
  if (is_number || is_name) text.remove_prefix(end);
}

}  // namespace

bool is_audit_line(std::string_view line) {
  return find_record(line).kind != Kind::none || line.starts_with("time->") || line == "----" || line == "<no matches>";
}

bool is_log_line(std::string_view line) {
  if (line.starts_with("-- ")) return true;  // "-- Boot 1234 --" (journalctl)
  cut_level(line);
  if (line.starts_with('[')) {  // "[   12.345678] ", "[Sat Nov 28 12:00:00 2026] " (dmesg)
    const std::size_t end = line.find("] ");
    const std::string_view time = line.substr(1, end == npos ? 0 : end - 1);
    return is_time(time) || begins_with_date(time);
  }
  const std::size_t space = line.find(' ');
  return begins_with_date(line) || (space != npos && space > 9 && is_time(line.substr(0, space)));  // short-unix
}

void AuditReader::add(std::string_view line, std::uint64_t number, const Sink& seen) {
  const Record record = find_record(line);
  if (record.kind == Kind::none) {
    if (is_audit_line(line) || line.find_first_not_of(" \t\r") == npos) return static_cast<void>(++skipped_.notices);
    return static_cast<void>(++skipped_.other);
  }
  if (record.kind == Kind::other) return static_cast<void>(++skipped_.records);
  Fields fields;
  Call call;
  call.line = number;
  if (auto error = read_fields(record.body, fields)) return skipped_.add_odd(number, std::move(*error), line);
  if (auto error = CallReader(fields).read(call)) return skipped_.add_odd(number, std::move(*error), line);
  const bool has_arguments = record.kind == Kind::syscall;
  if (event_ && event_->id == record.id && event_->has_arguments != has_arguments &&
      event_->call.data.nr == call.data.nr && event_->call.data.arch == call.data.arch) {
    ++skipped_.records;
    Call& first = event_->call;
    const Call& with_arguments = has_arguments ? call : first;
    const Call& with_ip = has_arguments ? first : call;
    Call joined = with_arguments;
    joined.line = first.line;
    joined.data.instruction_pointer = with_ip.data.instruction_pointer;
    joined.unknown.instruction_pointer = with_ip.unknown.instruction_pointer;
    event_.reset();
    return seen(joined);
  }
  finish(seen);
  event_ = Event{std::string(record.id), call, has_arguments};
}

void AuditReader::finish(const Sink& seen) {
  if (!event_) return;
  seen(event_->call);
  event_.reset();
}

}  // namespace callgate::calls
