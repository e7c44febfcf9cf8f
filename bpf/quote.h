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

// The same in double quotes.
inline std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 60;
  return '"' + harmless(text, longest) + '"';
}

}  // namespace callgate::bpf
