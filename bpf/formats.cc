#include "bpf/formats.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

#include "bpf/listings.h"
#include "bpf/number.h"
#include "bpf/text.h"

namespace callgate::bpf {
namespace {

using Instructions = Expected<std::vector<Insn>, std::string>;

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }
constexpr bool is_space(char c) noexcept { return is_blank(c) || c == '\n' || c == '\f' || c == '\v'; }

// Bytes that a text may hold: UTF-8 is welcome in comments, control characters other than white space are not. Raw
// filters always have them: the upper byte of every accepted opcode is 0.
constexpr bool belongs_in_text(char c) noexcept {
  return is_space(c) || is_printable(c) || static_cast<unsigned char>(c) >= 0x80;
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view take_line(std::string_view& text) noexcept {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trim(line);
}

std::string_view take_word(std::string_view& line) noexcept {
  const auto* end = std::find_if(line.begin(), line.end(), is_blank);
  const auto length = static_cast<std::size_t>(end - line.begin());
  const std::string_view word = line.substr(0, length);
  line = trim(line.substr(length));
  return word;
}

bool is_decimal(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

Instructions read_raw(std::string_view bytes) {
  if (bytes.size() % sizeof(Insn) != 0) {
    return std::to_string(bytes.size()) + " bytes are not a whole number of instructions (8 bytes each): byte " +
           std::to_string(bytes.size() / sizeof(Insn) * sizeof(Insn)) + " begins an incomplete one";
  }
  std::vector<Insn> program(bytes.size() / sizeof(Insn));
  if (!program.empty()) std::memcpy(program.data(), bytes.data(), bytes.size());
  return program;
}

// A number of a ddd file, or the reason why it is none.
Expected<std::uint32_t, std::string> read_decimal(std::string_view text, const char* what, std::uint32_t most) {
  if (!is_decimal(text)) return std::string(what) + ": " + quoted(text) + " is not a decimal number";
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value > most) {
    return std::string(what) + ": " + quoted(text) + " is more than " + std::to_string(most);
  }
  return value;
}

Expected<Insn, std::string> read_ddd_line(std::string_view line) {
  struct Field {
    const char* name;
    std::uint32_t most;
  };
  constexpr Field fields[] = {{"code", 0xffff}, {"jt", 0xff}, {"jf", 0xff}, {"k", 0xffffffff}};
  std::uint32_t values[std::size(fields)];
  for (std::size_t i = 0; i < std::size(fields); ++i) {
    const std::string_view word = take_word(line);
    if (word.empty()) return std::string(fields[i].name) + " is missing";
    const auto value = read_decimal(word, fields[i].name, fields[i].most);
    if (!value) return value.error();
    values[i] = *value;
  }
  if (!line.empty()) return quoted(line) + " after the four numbers code, jt, jf, k";
  return Insn{static_cast<std::uint16_t>(values[0]), static_cast<std::uint8_t>(values[1]),
              static_cast<std::uint8_t>(values[2]), values[3]};
}

Instructions read_ddd(std::string_view text) {
  const auto at = [](std::uint32_t line, const std::string& message) { return to_string(TextError{line, message}); };
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  std::uint32_t line = 1;
  const auto count = read_decimal(take_line(text), "count", 0xffffffff);
  if (!count) return at(line, count.error());
  std::vector<Insn> program;
  while (!text.empty()) {
    ++line;
    auto insn = read_ddd_line(take_line(text));
    if (!insn) return at(line, insn.error());
    program.push_back(*insn);
  }
  if (program.size() != *count) {
    return at(1, "the count is " + std::to_string(*count) + ", but " + std::to_string(program.size()) +
                     " instructions follow");
  }
  return program;
}

Instructions read_text(std::string_view text) {
  auto program = assemble(text);
  if (!program) return to_string(program.error());
  return std::move(*program);
}

std::optional<unsigned> hex_digit(char c) noexcept {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  if (lower(c) >= 'a' && lower(c) <= 'f') return static_cast<unsigned>(lower(c) - 'a' + 10);
  return std::nullopt;
}

// "{ 0x20, 0", or a declaration of such an array. JSON has no digit behind its first brace.
bool begins_c_array(std::string_view text) noexcept {
  const std::size_t brace = text.find('{');
  if (brace == text.npos) return false;
  std::string_view inside = trim(text.substr(brace + 1));
  if (inside.starts_with('{')) inside = trim(inside.substr(1));
  const bool is_number = !inside.empty() && is_digit(inside.front());
  return is_number && (brace == 0 || text.substr(0, brace).find("sock_filter") != text.npos);
}

// Reads "{ code, jt, jf, k }," and so on, perhaps in a declaration "struct sock_filter NAME[] = { … };".
class CArray {
 public:
  explicit CArray(std::string_view text) : rest_(text) {}

  Instructions read() {
    std::vector<Insn> program;
    const bool is_declared = skip_declaration();
    while (take('{')) {
      Insn insn{};
      if (!fields(insn)) return error();
      program.push_back(insn);
      if (!take(',')) break;
    }
    if (is_declared && !expect('}')) return error();
    if (is_declared) take(';');
    skip_blanks();
    if (!rest_.empty())
      return fail(quoted(first_word()) + " where the next instruction or the end is expected"), error();
    return program;
  }

 private:
  // Up to the brace that opens the array.
  bool skip_declaration() {
    const std::size_t name = rest_.find("sock_filter");
    skip_blanks();
    if (name == rest_.npos || rest_.starts_with('{')) return false;
    const std::size_t brace = std::min(rest_.find('{'), rest_.size());
    skip(std::min(brace + 1, rest_.size()));
    return true;
  }

  bool fields(Insn& insn) {
    std::uint32_t code = 0, jt = 0, jf = 0;
    if (!number(code, 0xffff) || !expect(',') || !number(jt, 0xff) || !expect(',') || !number(jf, 0xff) ||
        !expect(',') || !number(insn.k, 0xffffffff)) {
      return false;
    }
    take(',');
    insn.code = static_cast<std::uint16_t>(code);
    insn.jt = static_cast<std::uint8_t>(jt);
    insn.jf = static_cast<std::uint8_t>(jf);
    return expect('}');
  }

  // As in C, with or without a suffix.
  bool number(std::uint32_t& value, std::uint32_t most) {
    skip_blanks();
    const std::string_view word = first_word();
    std::string_view digits = word;
    while (!digits.empty() && (lower(digits.back()) == 'u' || lower(digits.back()) == 'l')) digits.remove_suffix(1);
    const auto magnitude = parse_magnitude(digits);
    if (!magnitude) return fail(quoted(word) + " is not a number");
    if (*magnitude > most) return fail(quoted(word) + " is more than " + std::to_string(most));
    value = static_cast<std::uint32_t>(*magnitude);
    skip(word.size());
    return true;
  }

  bool expect(char symbol) {
    return take(symbol) || fail(quoted(first_word()) + " where '" + symbol + "' is expected");
  }
  bool take(char symbol) {
    skip_blanks();
    if (!rest_.starts_with(symbol)) return false;
    skip(1);
    return true;
  }

  void skip_blanks() {
    for (;;) {
      if (!rest_.empty() && is_space(rest_.front())) {
        skip(1);
      } else if (rest_.starts_with("//")) {
        skip(std::min(rest_.find('\n'), rest_.size()));
      } else if (rest_.starts_with("/*")) {
        skip(std::min(rest_.find("*/", 2), rest_.size() - 2) + 2);
      } else {
        return;
      }
    }
  }
  void skip(std::size_t length) {
    line_ += static_cast<std::uint32_t>(
        std::count(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(length), '\n'));
    rest_.remove_prefix(length);
  }

  // What an error shows: a word, one other character, or nothing at the end.
  std::string_view first_word() const {
    const auto* end = std::find_if_not(rest_.begin(), rest_.end(),
                                       [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '.'; });
    const auto length = static_cast<std::size_t>(end - rest_.begin());
    return rest_.substr(0, std::max<std::size_t>(length, 1));
  }

  bool fail(std::string message) {
    message_ = to_string(TextError{line_, std::move(message)});
    return false;
  }
  std::string error() { return std::move(message_); }

  std::string_view rest_;
  std::uint32_t line_ = 1;
  std::string message_;
};

Instructions read_c_array(std::string_view text) { return CArray(text).read(); }

// One filter; several lines of it are one only if it does not end before the last of them.
Instructions read_hex_file(std::string_view text) {
  std::string_view rest = trim(text);
  auto first = read_hex(take_line(rest));
  const bool ends = first && !first->empty() && (first->back().code == 0x06 || first->back().code == 0x16);
  if (ends && !trim(rest).empty()) return std::string("line 2: another filter; a file holds one of them");
  return read_hex(text);
}

}  // namespace

std::string_view without_byte_order_mark(std::string_view text) noexcept {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  return text;
}

Format detect_format(std::string_view content) {
  const bool is_text = std::all_of(content.begin(), content.end(), belongs_in_text);
  // With the colours of a terminal it is no text.
  if (!is_text && (content.find('\0') != content.npos || !looks_like_table(content))) return Format::raw;
  const std::string_view text = trim(without_byte_order_mark(content));
  if (looks_like_table(text)) return Format::table;
  if (begins_c_array(text)) return Format::c;
  if (looks_like_macros(text)) return Format::macros;
  if (looks_like_tcpdump(text)) return Format::tcpdump;
  if (looks_like_string(text)) return Format::string;
  if (text.starts_with('{')) return Format::oci;
  std::string_view rest = text;
  const std::string_view first = take_line(rest);
  constexpr std::size_t longest_count = 10;
  const bool is_hex = first.size() > longest_count && std::all_of(text.begin(), text.end(), [](char c) {
                        return is_space(c) || hex_digit(c).has_value();
                      });
  if (is_hex) return Format::hex;
  return is_decimal(first) ? Format::ddd : Format::text;
}

Instructions read_filter(std::string_view content, Format format) {
  if (format != Format::raw) content = without_byte_order_mark(content);
  switch (format) {
    case Format::raw: return read_raw(content);
    case Format::ddd: return read_ddd(content);
    case Format::text: return read_text(content);
    case Format::c: return read_c_array(content);
    case Format::hex: return read_hex_file(content);
    case Format::table: return read_table(content);
    case Format::tcpdump: return read_tcpdump(content);
    case Format::macros: return read_macros(content);
    case Format::string: return read_string(content);
    case Format::oci: break;
  }
  return std::string("an OCI profile is no filter yet: it has to be compiled through libseccomp");
}

Instructions read_hex(std::string_view digits) {
  std::string bytes;
  bytes.reserve(digits.size() / 2);
  std::optional<unsigned> high;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (is_space(digits[i])) continue;
    const auto digit = hex_digit(digits[i]);
    if (!digit) return "character " + std::to_string(i) + ": " + quoted(digits.substr(i, 1)) + " is not a hex digit";
    if (high) bytes += static_cast<char>(*high << 4 | *digit);
    high = high ? std::nullopt : digit;
  }
  if (high) return std::string("an odd number of hex digits");
  return read_raw(bytes);
}

std::string write_raw(std::span<const Insn> program) {
  std::string bytes(program.size_bytes(), '\0');
  if (!program.empty()) std::memcpy(bytes.data(), program.data(), bytes.size());
  return bytes;
}

std::string write_ddd(std::span<const Insn> program) {
  std::string text = std::to_string(program.size()) + "\n";
  for (const Insn& insn : program) {
    text += std::to_string(insn.code) + " " + std::to_string(insn.jt) + " " + std::to_string(insn.jf) + " " +
            std::to_string(insn.k) + "\n";
  }
  return text;
}

std::string write_c_array(std::span<const Insn> program) {
  std::string text;
  for (const Insn& insn : program) {
    std::array<char, 64> line;
    std::snprintf(line.data(), line.size(), "{ 0x%02x, %u, %u, 0x%08x },\n", unsigned{insn.code}, unsigned{insn.jt},
                  unsigned{insn.jf}, unsigned{insn.k});
    text += line.data();
  }
  return text;
}

}  // namespace callgate::bpf
