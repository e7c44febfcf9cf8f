#include "bench/tally.h"

#include <fmt/format.h>
#include <seccomp.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <tuple>

#include "bpf/names.h"

namespace callgate::bench {
namespace {

std::uint32_t seccomp_arch_of(const SeccompData& data) {
  if (data.arch == arch::x86_32) return SCMP_ARCH_X86;
  return (data.nr & arch::x32_bit) != 0 ? SCMP_ARCH_X32 : SCMP_ARCH_X86_64;
}

const char* mode_suffix(const SeccompData& data) {
  switch (seccomp_arch_of(data)) {
    case SCMP_ARCH_X86: return " (i386)";
    case SCMP_ARCH_X32: return " (x32)";
    default: return "";
  }
}

std::string bare_name(const SeccompData& data) {
  const std::unique_ptr<char, decltype(&std::free)> name(
      seccomp_syscall_resolve_num_arch(seccomp_arch_of(data), static_cast<int>(data.nr)), &std::free);
  return name ? name.get() : fmt::format("call {}", data.nr & ~arch::x32_bit);
}

std::string argument_text(std::uint64_t value) {
  constexpr std::int64_t smallest = -4096;
  const auto number = static_cast<std::int64_t>(value);
  if (number < 10 && number > smallest) return std::to_string(number);
  return fmt::format("{:#x}", value);
}

}  // namespace

std::string call_name(const SeccompData& data) { return bare_name(data) + mode_suffix(data); }

std::string call_text(const SeccompData& data, std::size_t argument_count) {
  std::string arguments;
  for (std::size_t i = 0; i < argument_count; ++i) {
    arguments += (i == 0 ? "" : ", ") + argument_text(data.args[i]);
  }
  return fmt::format("{}({}){}", bare_name(data), arguments, mode_suffix(data));
}

std::string decision_text(std::uint32_t result) {
  const char* error =
      action_of(result) == action::errno_ ? strerrorname_np(static_cast<int>(data_of(result))) : nullptr;
  return error != nullptr ? fmt::format("{} {}", bpf::result_name(result), error) : bpf::result_name(result);
}

std::vector<Group> tally(const Chain& chain, const Recording& recording, By by, bool allowed) {
  using Key = std::tuple<std::string, std::uint32_t, std::optional<std::uint32_t>>;
  std::map<Key, std::size_t> counts;
  for (std::size_t i = 0; i < recording.calls.size(); ++i) {
    const SeccompData& data = recording.calls[i];
    if ((action_of(chain.evaluate(data)) == action::allow) != allowed) continue;
    const Match match = chain.match(data);
    std::string text = by == By::name ? call_name(data) : call_text(data, recording.argument_counts[i]);
    ++counts[{std::move(text), match.result, match.filter}];
  }
  std::vector<Group> groups;
  for (const auto& [key, count] : counts)
    groups.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), count});
  std::ranges::stable_sort(groups, std::ranges::greater{}, &Group::count);
  return groups;
}

}  // namespace callgate::bench
