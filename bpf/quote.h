// Text that came from outside, made fit for a message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace callgate::bpf {

// Cut when long, and with nothing in it that a terminal would obey.
inline std::string harmless(std::string_view text, std::size_t longest) {
  std::string out;
  for (const char c : text.substr(0, longest)) out += c >= ' ' && c <= '~' ? c : '?';
  return out + (text.size() > longest ? "…" : "");
}

// How many bytes at the front of `text`, which is not empty, are one character that a terminal only shows: printable
// ASCII, or UTF-8 beyond the second row of control characters (U+0080 to U+009F); 0 if they are none.
constexpr std::size_t shown_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return lead >= ' ' && lead <= '~' ? 1 : 0;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || (lead == 0xc2 && byte(1) < 0xa0)) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

// A file's name and the like as they are, but for the bytes that a terminal would obey: they become \xHH. Those in
// `kept` stay.
inline std::string visible(std::string_view text, std::string_view kept = {}) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  while (!text.empty()) {
    std::size_t length = shown_character(text);
    if (length == 0 && kept.find(text[0]) != std::string_view::npos) length = 1;
    if (length == 0) {
      const auto byte = static_cast<unsigned char>(text[0]);
      out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
      length = 1;
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

// harmless() in double quotes.
inline std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 60;
  return '"' + harmless(text, longest) + '"';
}

}  // namespace callgate::bpf
