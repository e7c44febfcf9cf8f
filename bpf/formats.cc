#include "bpf/formats.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

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

}  // namespace

Format detect_format(std::string_view content) {
  if (!std::all_of(content.begin(), content.end(), belongs_in_text)) return Format::raw;
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  std::string_view text = content;
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  if (trim(text).starts_with('{')) return Format::oci;
  return is_decimal(take_line(text)) ? Format::ddd : Format::text;
}

Instructions read_filter(std::string_view content, Format format) {
  switch (format) {
    case Format::raw: return read_raw(content);
    case Format::ddd: return read_ddd(content);
    case Format::text: return read_text(content);
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
