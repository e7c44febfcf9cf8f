#include "oracles/reference/reference.h"

namespace callgate::oracles {
namespace {

// `result_of(i)` is the result of filter i; the newest is asked first, as the kernel does.
template <class ResultOf>
std::uint32_t merge(std::size_t count, MergeRule rule, ResultOf result_of) {
  constexpr std::uint32_t action_bits = 0xffff0000;
  constexpr std::uint32_t allow = 0x7fff0000;
  std::uint32_t current = allow;
  for (std::size_t i = count; i-- > 0;) {
    const std::uint32_t result = result_of(i);
    if (rule == MergeRule::first_non_allow) {
      if ((result & action_bits) != allow) return result;
    } else if (static_cast<std::int32_t>(result & action_bits) < static_cast<std::int32_t>(current & action_bits)) {
      current = result;
    }
  }
  return current;
}

}  // namespace

std::uint32_t merged(std::span<const std::uint32_t> oldest_first, MergeRule rule) {
  return merge(oldest_first.size(), rule, [&](std::size_t i) { return oldest_first[i]; });
}

std::uint32_t reference(std::span<const Program> oldest_first, MergeRule rule, const SeccompData& data) {
  return merge(oldest_first.size(), rule, [&](std::size_t i) { return interpret(oldest_first[i], data); });
}

}  // namespace callgate::oracles
