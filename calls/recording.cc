#include "calls/recording.h"

#include <algorithm>

#include "bpf/quote.h"
#include "calls/number.h"

namespace callgate::calls {
namespace {

constexpr std::size_t longest_word = 60;  // in a message

std::string_view next_word(std::string_view& rest) {
  constexpr std::string_view spaces = " \t\r";
  rest.remove_prefix(std::min(rest.find_first_not_of(spaces), rest.size()));
  const std::string_view word = rest.substr(0, rest.find_first_of(spaces));
  rest.remove_prefix(word.size());
  return word;
}

Expected<RecordedLine, std::string> parse_repetition(std::string_view rest) {
  constexpr std::uint64_t most_repeats = 1'000'000;
  RecordedLine line;
  const std::string_view word = next_word(rest);
  const Number number = parse_digits(word, 10, 64, line.repeats);
  if (number != Number::ok || line.repeats == 0 || line.repeats > most_repeats || !next_word(rest).empty()) {
    return "bad repetition: * " + bpf::harmless(word, longest_word);
  }
  return line;
}

}  // namespace

bool is_recording_header(std::string_view line) {
  if (!line.starts_with(recording_header)) return false;
  line.remove_prefix(recording_header.size());
  return line.empty() || line.front() == ' ' || line.front() == '\r';
}

Expected<RecordedLine, std::string> parse_recorded(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const std::string_view first = next_word(line);
  if (first == "*") return parse_repetition(line);
  RecordedLine recorded;
  Call& call = recorded.call;
  call.data.arch = arch::x86_64;
  call.unknown.instruction_pointer = ~std::uint64_t{0};
  std::uint64_t nr = 0;
  switch (parse_digits(first, 10, 32, nr)) {
    case Number::ok: break;
    case Number::malformed: return "not a number: " + bpf::harmless(first, longest_word);
    case Number::out_of_range: return "no system call number: " + bpf::harmless(first, longest_word);
  }
  call.data.nr = static_cast<std::uint32_t>(nr);
  for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
    if (word == "i386" && call.shown == 0 && call.data.arch == arch::x86_64) {
      call.data.arch = arch::x86_32;
      continue;
    }
    if (call.shown == argument_count) return std::string("more than six arguments");
    if (parse_digits(word, 16, 64, call.data.args[call.shown++]) != Number::ok) {
      return "not a number: " + bpf::harmless(word, longest_word);
    }
  }
  return recorded;
}

}  // namespace callgate::calls
