#include "oracles/harness/reference.h"

namespace callgate::oracles {

std::uint32_t reference(std::span<const Program> oldest_first, MergeRule rule, const SeccompData& data) {
  constexpr std::uint32_t action_bits = 0xffff0000;
  constexpr std::uint32_t allow = 0x7fff0000;
  std::uint32_t current = allow;
  for (std::size_t i = oldest_first.size(); i-- > 0;) {
    const std::uint32_t result = interpret(oldest_first[i], data);
    if (rule == MergeRule::first_non_allow) {
      if ((result & action_bits) != allow) return result;
    } else if (static_cast<std::int32_t>(result & action_bits) < static_cast<std::int32_t>(current & action_bits)) {
      current = result;
    }
  }
  return current;
}

}  // namespace callgate::oracles
