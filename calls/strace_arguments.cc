#include "calls/strace_arguments.h"

#include <algorithm>
#include <span>

#include "bpf/text.h"
#include "calls/number.h"
#include "calls/symbols.h"

namespace callgate::calls {
namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::uint64_t all_bits = ~std::uint64_t{0};
constexpr std::uint64_t low_half = 0xffffffff;
constexpr std::uint64_t high_half = ~low_half;

std::string_view stripped(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t\r") + 1);
}

constexpr bool is_word_character(char c) { return bpf::is_letter(c) || bpf::is_digit(c) || c == '_'; }

// The index behind the closing quote of a string that begins at `at`, or npos.
std::size_t skip_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return npos;
}

// "3</etc/passwd>", "4<TCP:[127.0.0.1:1->127.0.0.1:2]>", "AT_FDCWD</home>" (-y): whether such a thing begins at `at`.
bool begins_decoration(std::string_view text, std::size_t at) {
  if (text[at] != '<' || at == 0 || (at + 1 < text.size() && text[at + 1] == '<')) return false;
  return bpf::is_digit(text[at - 1]) || text.substr(0, at).ends_with("AT_FDCWD");
}

// The index behind it, or npos. strace escapes angle brackets in names, not those that it writes itself.
std::size_t skip_decoration(std::string_view text, std::size_t at) {
  for (; at < text.size(); ++at) {
    if (text[at] != '>') continue;
    constexpr std::string_view followers = ",)]}| (";
    if (at + 1 == text.size() || followers.find(text[at + 1]) != npos) return at + 1;
  }
  return npos;
}

// The index of the comma or parenthesis behind the argument that begins with `text`; its size if there is none, and
// npos if something in it is not closed.
std::size_t end_of_argument(std::string_view text) {
  std::size_t depth = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (depth == 0 && (c == ',' || c == ')')) return at;
    if (c == '"') {
      at = skip_string(text, at);
    } else if (text.substr(at).starts_with("/*")) {
      const std::size_t end = text.find("*/", at + 2);
      at = end == npos ? npos : end + 2;
    } else if (begins_decoration(text, at)) {
      at = skip_decoration(text, at);
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
      ++at;
    } else if (c == ')' || c == ']' || c == '}') {
      if (depth == 0) return npos;
      --depth;
      ++at;
    } else {
      ++at;
    }
    if (at == npos) return npos;
  }
  return depth == 0 ? at : npos;
}

// Without comments behind it and without the name of a descriptor.
std::string_view bare(std::string_view text) {
  text = stripped(text);
  while (text.ends_with("*/") && text.rfind("/*") != npos) text = stripped(text.substr(0, text.rfind("/*")));
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (begins_decoration(text, at)) return text.substr(0, at);
  }
  return text;
}

// An int is printed as a signed number: the upper half of the register is not told.
StraceArgument signed_value(std::int64_t value) {
  StraceArgument argument;
  argument.value = static_cast<std::uint64_t>(value);
  if (value < 0 && value >= INT32_MIN) {
    argument.value &= low_half;
    argument.unknown = high_half;
  }
  return argument;
}

StraceArgument unknown_value() {
  StraceArgument argument;
  argument.unknown = all_bits;
  return argument;
}

StraceArgument part_value(std::string_view word) {
  if (const auto symbol = symbol_value(word)) return signed_value(*symbol);
  std::uint64_t value = 0;
  if (parse_number(word, 64, value) != Number::ok) return unknown_value();
  if (word.starts_with('-')) return signed_value(static_cast<std::int64_t>(value));
  StraceArgument argument;
  argument.value = value;
  return argument;
}

StraceArgument read_value(std::string_view text) {
  const std::string_view whole = bare(text);
  if (whole == "NULL") return {};
  StraceArgument result;
  for (std::string_view rest = whole;;) {
    const std::size_t end = rest.find('|');
    const StraceArgument part = part_value(bare(rest.substr(0, end)));
    if (part.unknown == all_bits) return part;
    result.value |= part.value;
    result.unknown |= part.unknown;
    if (end == npos) break;
    rest.remove_prefix(end + 1);
  }
  result.raw = whole == stripped(text) && (whole == "0" || whole.starts_with("0x")) && whole.find('|') == npos;
  return result;
}

StraceArgument read_argument(std::string_view text) {
  text = stripped(text);
  const std::size_t name = static_cast<std::size_t>(std::ranges::find_if_not(text, is_word_character) - text.begin());
  const bool is_named = name > 0 && bpf::is_letter(text.front()) && text.substr(name).starts_with('=') &&
                        !text.substr(name).starts_with("==");
  if (!is_named) return read_value(text);
  StraceArgument argument = read_value(text.substr(name + 1));
  argument.name = text.substr(0, name);
  return argument;
}

// Calls of which strace shows only the first arguments in the kernel's places: what follows depends on those, or is
// read from memory (i386).
struct Prefix {
  std::string_view call;
  std::size_t arguments;
};

constexpr Prefix any_architecture[] = {{"futex", 3},    {"futex_time64", 3}, {"ptrace", 2},       {"keyctl", 1},
                                       {"quotactl", 2}, {"fsconfig", 2},     {"rt_sigreturn", 0}, {"sigreturn", 0}};

// 64-bit arguments fill two registers, and some calls take their arguments from memory.
constexpr Prefix only_32_bit[] = {
    {"pread64", 3},        {"pwrite64", 3},   {"preadv", 3},          {"pwritev", 3},       {"preadv2", 3},
    {"pwritev2", 3},       {"truncate64", 1}, {"ftruncate64", 1},     {"readahead", 1},     {"fadvise64", 1},
    {"fadvise64_64", 1},   {"fallocate", 1},  {"sync_file_range", 1}, {"fanotify_mark", 2}, {"_llseek", 1},
    {"lookup_dcookie", 0}, {"mmap", 0},       {"select", 0},
};

std::size_t arguments_in_place(std::span<const Prefix> table, std::string_view call) {
  const auto found = std::ranges::find(table, call, &Prefix::call);
  return found == table.end() ? argument_count : found->arguments;
}

// Where clone has an argument that strace shows by name; npos if it is none of them.
std::size_t place_of_clone_argument(std::string_view name, bool is_32_bit) {
  if (name == "flags") return 0;
  if (name == "child_stack" || name == "stack") return 1;
  if (name == "parent_tid" || name == "parent_tidptr") return 2;
  if (name == "child_tid" || name == "child_tidptr") return is_32_bit ? 4 : 3;
  if (name == "tls") return is_32_bit ? 3 : 4;
  return npos;
}

// The offset of mmap2: strace shows bytes, the register holds units of 4096 of them.
StraceArgument in_pages(StraceArgument argument) {
  constexpr std::uint64_t unit = 4096;
  if (argument.unknown != 0 || argument.value % unit != 0) return unknown_value();
  argument.value /= unit;
  return argument;
}

class Placer {
 public:
  Placer(std::string_view name, const StraceArguments& arguments, Call& call)
      : name_(name),
        arguments_(std::span(arguments.list).first(arguments.count)),
        call_(call),
        is_32_bit_(has_32_bit_registers(call.data.arch)) {}

  void place() {
    const bool is_raw = std::ranges::all_of(arguments_, &StraceArgument::raw);
    const bool has_names = std::ranges::any_of(arguments_, [](const StraceArgument& a) { return !a.name.empty(); });
    std::size_t in_place = arguments_.size();
    if (!is_raw) {
      in_place = std::min(in_place, arguments_in_place(any_architecture, name_));
      if (is_32_bit_) in_place = std::min(in_place, arguments_in_place(only_32_bit, name_));
    }
    if (has_names) {
      if (name_ == "clone") place_by_name();
      return;
    }
    for (std::size_t i = 0; i < in_place; ++i) put(i, arguments_[i]);
    if (name_ == "mmap2" && is_32_bit_ && !is_raw && in_place == argument_count) put(5, in_pages(arguments_[5]));
    // On 64-bit machines the offset is one argument, behind which the kernel has another that it does not use.
    if ((name_ == "preadv2" || name_ == "pwritev2") && !is_raw && !is_32_bit_ && in_place == 5) {
      put(5, arguments_[4]);
      put(4, unknown_value());
    }
  }

 private:
  void place_by_name() {
    for (const StraceArgument& argument : arguments_) {
      const std::size_t place = place_of_clone_argument(argument.name, is_32_bit_);
      if (place != npos) put(place, argument);
    }
  }

  void put(std::size_t place, const StraceArgument& argument) {
    call_.data.args[place] = argument.value;
    call_.unknown.args[place] = argument.unknown;
  }

  std::string_view name_;
  std::span<const StraceArgument> arguments_;
  Call& call_;
  bool is_32_bit_;
};

}  // namespace

std::optional<StraceArguments> read_strace_arguments(std::string_view text) {
  StraceArguments arguments;
  for (;;) {
    const std::size_t end = end_of_argument(text);
    const bool at_end = end == npos || end == text.size();
    const std::string_view word = stripped(text.substr(0, end));
    const bool last_is_missing = word.empty() && (at_end || text[end] == ')');
    if (!last_is_missing) {
      if (arguments.count == argument_count) return std::nullopt;
      arguments.list[arguments.count++] = end == npos ? unknown_value() : read_argument(word);
    }
    if (at_end) return arguments;
    arguments.closed = text[end] == ')';
    text.remove_prefix(end + 1);
    if (arguments.closed) {
      arguments.rest = text;
      return arguments;
    }
  }
}

void place_strace_arguments(std::string_view call_name, const StraceArguments& arguments, Call& call) {
  std::ranges::fill(call.unknown.args, all_bits);
  call.shown = static_cast<std::uint8_t>(arguments.count);
  Placer(call_name, arguments, call).place();
  if (!has_32_bit_registers(call.data.arch)) return;
  for (std::size_t i = 0; i < argument_count; ++i) {
    call.data.args[i] &= low_half;
    call.unknown.args[i] &= low_half;
  }
}

}  // namespace callgate::calls
