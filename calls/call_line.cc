#include "calls/call_line.h"

#include <array>
#include <optional>

#include "bpf/quote.h"
#include "bpf/text.h"
#include "calls/architecture.h"
#include "calls/int_arguments.h"
#include "calls/number.h"
#include "calls/symbols.h"
#include "calls/syscall_names.h"

namespace callgate::calls {
namespace {

using Error = std::optional<std::string>;

constexpr std::uint64_t all_bits = ~std::uint64_t{0};
constexpr std::uint64_t low_half = 0xffffffff;

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// Cuts the next word off `rest`; empty at the end and before a comment.
std::string_view next_word(std::string_view& rest) {
  std::size_t begin = 0;
  while (begin < rest.size() && is_space(rest[begin])) ++begin;
  std::size_t end = begin;
  while (end < rest.size() && !is_space(rest[end]) && rest[end] != '#') ++end;
  const std::string_view word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

Error read_number(std::string_view word, const std::string& what, unsigned bits, std::uint64_t& value) {
  switch (parse_number(word, bits, value)) {
    case Number::ok: return std::nullopt;
    case Number::malformed: return what + " is not a number: " + bpf::in_quotes(word);
    case Number::out_of_range: break;
  }
  return what + " does not fit into " + std::to_string(bits) + " bits: " + bpf::in_quotes(word);
}

// Constants and numbers joined by '|'; empty if the table does not know one of them.
std::optional<std::int64_t> symbols_value(std::string_view word) {
  std::int64_t value = 0;
  for (;;) {
    const std::size_t end = word.find('|');
    const std::string_view part = word.substr(0, end);
    std::uint64_t number = 0;
    const auto symbol = symbol_value(part);
    if (!symbol && parse_number(part, 64, number) != Number::ok) return std::nullopt;
    value |= symbol ? *symbol : static_cast<std::int64_t>(number);
    if (end == std::string_view::npos) return value;
    word.remove_prefix(end + 1);
  }
}

// Reads the words behind the first one. What a negative number means follows from all of the line.
class Fields {
 public:
  Error add(std::string_view word) {
    if (word.starts_with("arch=")) {
      return once(saw_arch_, "arch", [&] { return read_arch(word.substr(5)); });
    }
    if (word.starts_with("ip=")) {
      return once(saw_ip_, "ip", [&] { return read_number(word.substr(3), "ip", 64, call.data.instruction_pointer); });
    }
    if (call.shown == argument_count) return "more than 6 arguments: " + bpf::in_quotes(word);
    return read_argument(word, call.shown++);
  }

  // Behind the last word, and when the number is known.
  Error finish() {
    for (std::size_t i = call.shown; i < argument_count; ++i) call.omitted.args[i] = all_bits;
    if (!saw_ip_) call.omitted.instruction_pointer = all_bits;
    const bool is_32_bit = has_32_bit_registers(call.data.arch);
    std::uint8_t ints = 0;
    if (has_negative()) ints = int_arguments(syscall_name(call.data.nr, call.data.arch));
    for (std::size_t i = 0; i < call.shown; ++i) {
      if (!negative_[i]) continue;
      const bool fits = static_cast<std::int64_t>(call.data.args[i]) >= INT32_MIN;
      if (is_32_bit && !fits)
        return "argument " + std::to_string(i) + " does not fit into the 32 bits of this architecture";
      if (!fits) continue;
      if (!is_32_bit && !symbolic_[i] && (ints >> i & 1) == 0) {
        call.negative_longs |= static_cast<std::uint8_t>(1U << i);
        continue;
      }
      call.data.args[i] &= low_half;
      if (!is_32_bit) call.negative_ints |= static_cast<std::uint8_t>(1U << i);
    }
    return std::nullopt;
  }

  Call call;
  Architecture arch;

 private:
  bool has_negative() const {
    for (const bool negative : negative_) {
      if (negative) return true;
    }
    return false;
  }

  Error read_arch(std::string_view word) {
    const auto known = parse_architecture(word);
    if (!known) return unknown_architecture(word);
    arch = *known;
    return std::nullopt;
  }

  Error read_argument(std::string_view word, std::size_t index) {
    std::uint64_t& value = call.data.args[index];
    if (word == "?") {
      call.unknown.args[index] = all_bits;
      return std::nullopt;
    }
    if (bpf::is_letter(word.front()) || word.front() == '_' || word.find('|') != std::string_view::npos) {
      if (const auto symbols = symbols_value(word)) {
        value = static_cast<std::uint64_t>(*symbols);
        symbolic_[index] = true;
        negative_[index] = *symbols < 0;
        return std::nullopt;
      }
    }
    if (word == "i386" && index == 0) {
      return "argument 0 is not a number: \"i386\"; a line of callgate record is read as one if the file keeps its "
             "header, or with --calls recording";
    }
    negative_[index] = word.starts_with('-');
    return read_number(word, "argument " + std::to_string(index), 64, value);
  }

  template <class Read>
  static Error once(bool& seen, const char* key, Read read) {
    if (seen) return std::string(key) + " is given twice";
    seen = true;
    return read();
  }

  std::array<bool, argument_count> negative_{};
  std::array<bool, argument_count> symbolic_{};
  bool saw_arch_ = false;
  bool saw_ip_ = false;
};

}  // namespace

bool is_blank(std::string_view line) { return next_word(line).empty(); }

Expected<Call, std::string> parse_call(std::string_view line, const Architecture& usual) {
  Fields fields;
  fields.arch = usual;
  const std::string_view nr = next_word(line);
  if (nr.empty()) return std::string("no system call");
  for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
    if (auto error = fields.add(word)) return *error;
  }
  if (auto error = read_nr(nr, fields.arch, fields.call.data.nr)) return *error;
  fields.call.data.arch = fields.arch.value;
  if (auto error = fields.finish()) return *error;
  return fields.call;
}

}  // namespace callgate::calls
