#include "cli/call_text.h"

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "bpf/names.h"
#include "bpf/text.h"
#include "cli/syscall_names.h"
#include "profiles/quote.h"

namespace callgate::cli {
namespace {

using Error = std::optional<std::string>;

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

enum class Number { ok, malformed, out_of_range };

// Reads a number, written as in C and as strace writes it (0666 is octal), of at most `bits` bits; a negative one
// becomes its two's complement.
Number parse_number(std::string_view word, unsigned bits, std::uint64_t& value) {
  const bool negative = word.starts_with('-');
  std::string_view digits = word.substr(negative ? 1 : 0);
  int base = 10;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    digits.remove_prefix(2);
    base = 16;
  } else if (digits.starts_with('0')) {
    base = 8;
  }
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
  if (error == std::errc::invalid_argument || stop != end) return Number::malformed;
  const std::uint64_t sign_bit = std::uint64_t{1} << (bits - 1);
  const std::uint64_t max = negative ? sign_bit : sign_bit + (sign_bit - 1);
  if (error != std::errc{} || value > max) return Number::out_of_range;
  if (negative) value = (std::uint64_t{0} - value) & (sign_bit + (sign_bit - 1));
  return Number::ok;
}

Error read_number(std::string_view word, const char* what, unsigned bits, std::uint64_t& value) {
  switch (parse_number(word, bits, value)) {
    case Number::ok: return std::nullopt;
    case Number::malformed: return fmt::format("{} is not a number: {}", what, profiles::in_quotes(word));
    case Number::out_of_range: break;
  }
  return fmt::format("{} does not fit into {} bits: {}", what, bits, profiles::in_quotes(word));
}

// An architecture as the user named it. x32 shares its AUDIT_ARCH value with x86_64.
struct Architecture {
  std::uint32_t value = arch::x86_64;
  bool x32 = false;
};

// Other spellings: of the kernel's headers, of this library's targets, of libseccomp and of container profiles.
std::string plain_architecture_name(std::string_view word) {
  std::string name = bpf::lower(word);
  constexpr std::string_view prefix = "audit_arch_";
  if (name.starts_with(prefix)) name.erase(0, prefix.size());
  if (name == "x86" || name == "x86_32") return "i386";
  if (name == "amd64") return "x86_64";
  return name;
}

Error read_architecture(std::string_view word, Architecture& architecture) {
  const std::string name = plain_architecture_name(word);
  if (name == "x32") {
    architecture = {arch::x86_64, true};
    return std::nullopt;
  }
  if (const auto known = bpf::arch_from_name(name)) {
    architecture = {*known, false};
    return std::nullopt;
  }
  std::uint64_t value = 0;
  if (parse_number(word, 32, value) != Number::ok)
    return fmt::format("unknown architecture {}", profiles::in_quotes(word));
  architecture = {static_cast<std::uint32_t>(value), false};
  return std::nullopt;
}

Error resolve_name(std::string_view word, const Architecture& architecture, std::uint32_t& nr) {
  const auto number = syscall_number(std::string(word), libseccomp_arch(architecture.value, architecture.x32));
  if (number) {
    nr = *number;
    return std::nullopt;
  }
  if (number.error() == NameError::unknown) return fmt::format("unknown system call {}", profiles::in_quotes(word));
  return fmt::format("system call {} has no number of its own on this architecture", profiles::in_quotes(word));
}

Error read_nr(std::string_view word, const Architecture& architecture, std::uint32_t& nr) {
  const bool numeric = word.starts_with('-') || (word.front() >= '0' && word.front() <= '9');
  if (!numeric) return resolve_name(word, architecture, nr);
  std::uint64_t value = 0;
  if (auto error = read_number(word, "the system call", 32, value)) return error;
  nr = static_cast<std::uint32_t>(value) | (architecture.x32 ? arch::x32_bit : 0);
  return std::nullopt;
}

// Reads the words behind the first one.
class Fields {
 public:
  explicit Fields(SeccompData& data) : data_(data) {}

  Error add(std::string_view word) {
    if (word.starts_with("arch=")) {
      return once(saw_arch_, "arch", [&] { return read_architecture(word.substr(5), arch); });
    }
    if (word.starts_with("ip=")) {
      return once(saw_ip_, "ip", [&] { return read_number(word.substr(3), "ip", 64, data_.instruction_pointer); });
    }
    if (arguments_ == std::size(data_.args)) return fmt::format("more than 6 arguments: {}", profiles::in_quotes(word));
    const std::size_t index = arguments_++;
    return read_number(word, argument_names[index], 64, data_.args[index]);
  }

  Architecture arch;

 private:
  static constexpr const char* argument_names[] = {"argument 0", "argument 1", "argument 2",
                                                   "argument 3", "argument 4", "argument 5"};

  template <class Read>
  static Error once(bool& seen, const char* key, Read read) {
    if (seen) return fmt::format("{} is given twice", key);
    seen = true;
    return read();
  }

  SeccompData& data_;
  std::size_t arguments_ = 0;
  bool saw_arch_ = false;
  bool saw_ip_ = false;
};

}  // namespace

bool is_blank(std::string_view line) { return next_word(line).empty(); }

Expected<SeccompData, std::string> parse_call(std::string_view line) {
  SeccompData data{};
  Fields fields(data);
  const std::string_view nr = next_word(line);
  if (nr.empty()) return std::string("no system call");
  for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
    if (auto error = fields.add(word)) return *error;
  }
  if (auto error = read_nr(nr, fields.arch, data.nr)) return *error;
  data.arch = fields.arch.value;
  return data;
}

}  // namespace callgate::cli
