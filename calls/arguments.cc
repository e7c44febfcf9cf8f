#include "calls/arguments.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "callgate/insn.hpp"

namespace callgate::calls {
namespace {

struct Entry {
  std::string_view call;
  bool alike;
  std::string_view arguments;
};
constexpr Entry entries[] = {
#define CALLGATE_ARGUMENTS(call, alike, arguments) {call, alike, arguments},
#include "calls/arguments.inc"
#undef CALLGATE_ARGUMENTS
};
static_assert(std::is_sorted(std::begin(entries), std::end(entries),
                             [](const Entry& a, const Entry& b) { return a.call < b.call; }));

// Names of the manual pages for which the kernel has others.
struct OtherName {
  std::string_view call;
  std::string_view name;
  std::size_t index;
};
constexpr OtherName other_names[] = {{"socket", "domain", 0}, {"socketpair", "domain", 0},  {"ioctl", "request", 1},
                                     {"ioctl", "op", 1},      {"fcntl", "op", 1},           {"prctl", "op", 0},
                                     {"ptrace", "op", 0},     {"personality", "persona", 0}};

const Entry* find_entry(std::string_view call) {
  const auto* const found =
      std::lower_bound(std::begin(entries), std::end(entries), call,
                       [](const Entry& entry, std::string_view name) { return entry.call < name; });
  return found != std::end(entries) && found->call == call ? found : nullptr;
}

std::vector<Argument> arguments_of(const Entry& entry) {
  std::vector<Argument> result;
  for (std::string_view rest = entry.arguments; !rest.empty();) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const std::size_t colon = rest.find(':');
    const char kind = rest[colon + 1];
    result.push_back({rest.substr(0, colon), kind == 'i'   ? ArgumentKind::int_
                                             : kind == 'l' ? ArgumentKind::long_
                                                           : ArgumentKind::pointer});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return result;
}

bool ends_in_word(std::string_view name, std::string_view word) {
  return name.size() > word.size() && name.ends_with(word) && name[name.size() - word.size() - 1] == '_';
}

}  // namespace

std::optional<Argument> argument_of(std::string_view call, std::size_t index) {
  const Entry* const entry = find_entry(call);
  if (entry == nullptr) return std::nullopt;
  const std::vector<Argument> arguments = arguments_of(*entry);
  return index < arguments.size() ? std::optional(arguments[index]) : std::nullopt;
}

std::optional<std::size_t> argument_index(std::string_view call, std::string_view name, std::uint32_t arch) {
  if (name.size() == 4 && name.starts_with("arg") && name[3] >= '0' && name[3] <= '5') {
    return static_cast<std::size_t>(name[3] - '0');
  }
  const Entry* const entry = find_entry(call);
  if (entry == nullptr || (arch != arch::x86_64 && !entry->alike)) return std::nullopt;
  const std::vector<Argument> arguments = arguments_of(*entry);
  const auto index_if = [&](auto fits) -> std::optional<std::size_t> {
    const auto found = std::find_if(arguments.begin(), arguments.end(), fits);
    if (found == arguments.end() || std::find_if(found + 1, arguments.end(), fits) != arguments.end()) {
      return std::nullopt;
    }
    return static_cast<std::size_t>(found - arguments.begin());
  };
  if (const auto exact = index_if([&](const Argument& a) { return a.name == name; })) return exact;
  if (const auto last = index_if([&](const Argument& a) { return ends_in_word(a.name, name); })) return last;
  for (const OtherName& other : other_names) {
    if (other.call == call && other.name == name) return other.index;
  }
  return std::nullopt;
}

std::string argument_names(std::string_view call) {
  std::string text;
  if (const Entry* const entry = find_entry(call)) {
    for (const Argument& argument : arguments_of(*entry)) {
      text += (text.empty() ? "" : ", ") + std::string(argument.name);
    }
  }
  return text;
}

}  // namespace callgate::calls
