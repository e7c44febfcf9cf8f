#include "bench/tally.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "calls/architecture.h"

namespace callgate::bench {
namespace {

std::string argument_text(std::uint64_t value) {
  constexpr std::int64_t smallest = -4096;
  const auto number = static_cast<std::int64_t>(value);
  if (number < 10 && number > smallest) return std::to_string(number);
  return fmt::format("{:#x}", value);
}

}  // namespace

std::string call_text(const SeccompData& data, std::size_t argument_count) {
  std::string arguments;
  for (std::size_t i = 0; i < argument_count; ++i) {
    arguments += (i == 0 ? "" : ", ") + argument_text(data.args[i]);
  }
  const std::string name = calls::call_name(data);
  const std::size_t suffix = std::min(name.find(" ("), name.size());
  return fmt::format("{}({}){}", name.substr(0, suffix), arguments, name.substr(suffix));
}

std::string decision_text(std::uint32_t result) { return result_to_string(result); }

std::vector<Group> tally(const Chain& chain, const Recording& recording, By by, bool allowed) {
  using Key = std::tuple<std::string, std::uint32_t, std::optional<std::uint32_t>>;
  std::map<Key, std::size_t> counts;
  for (std::size_t i = 0; i < recording.calls.size(); ++i) {
    const SeccompData& data = recording.calls[i];
    if ((action_of(chain.evaluate(data)) == action::allow) != allowed) continue;
    const Match match = chain.match(data);
    std::string text = by == By::name ? calls::call_name(data) : call_text(data, recording.argument_counts[i]);
    ++counts[{std::move(text), match.result, match.filter}];
  }
  std::vector<Group> groups;
  for (const auto& [key, count] : counts)
    groups.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), count});
  std::ranges::stable_sort(groups, std::ranges::greater{}, &Group::count);
  return groups;
}

}  // namespace callgate::bench
