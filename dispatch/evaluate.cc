// Deciding without native code: every filter of the chain through the reference interpreter, merged by the rule.
// Runs on the path of evaluate(): no allocation, lock, system call, thread-local storage or vector register.
#include "dispatch/chain_node.h"

namespace callgate::detail {
namespace {

// Calls visit(result, filters_older_than_it) for each filter, newest first, until it returns false.
template <class Visit>
void for_each_result(const SeccompData& data, const ChainNode& newest, Visit visit) noexcept {
  std::uint32_t older = newest.length;
  for (const ChainNode* node = &newest; node != nullptr; node = node->parent) {
    for (const Program& program : node->programs) {
      if (!visit(interpret(program, data), --older)) return;
    }
  }
}

}  // namespace

Match match_chain(const SeccompData& data, const ChainNode& node) noexcept {
  Match match{action::allow, std::nullopt};
  const bool first_only = node.options.rule == MergeRule::first_non_allow;
  for_each_result(data, node, [&](std::uint32_t result, std::uint32_t filter) {
    const bool takes = first_only ? action_of(result) != action::allow : is_stricter(result, match.result);
    if (takes) match = {result, filter};
    return !(takes && first_only);
  });
  return match;
}

std::uint32_t interpret_chain(const SeccompData* data, const ChainHot* self) noexcept {
  return match_chain(*data, *ChainNode::of(self)).result;
}

}  // namespace callgate::detail
