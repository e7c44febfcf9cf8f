// Deciding without native code: every filter of the chain through the reference interpreter, merged by the rule.
// Runs on the path of evaluate(): no allocation, lock, system call, thread-local storage or vector register.
#include "dispatch/chain_node.h"
#include "interp/run.h"

namespace callgate::detail {
namespace {

// Folds the results of filters, newest first, into the chain's.
class Merge {
 public:
  Merge(MergeRule rule, std::uint32_t filters) noexcept : rule_(rule), filter_(filters) {}

  // Takes the result of the next older filter. False once the chain is decided.
  bool take(std::uint32_t result) noexcept {
    --filter_;
    if (rule_ == MergeRule::most_restrictive) {
      if (is_stricter(result, match_.result)) match_ = {result, filter_};
      return true;
    }
    if (action_of(result) == action::allow) return true;
    match_ = {result, filter_};
    return false;
  }

  const Match& match() const noexcept { return match_; }

 private:
  MergeRule rule_;
  std::uint32_t filter_;
  Match match_{action::allow, std::nullopt};
};

Match match_list(const SeccompData& data, const ChainNode& node) noexcept {
  Merge merge(node.options.rule, node.length);
  for (const FilterLink* link = node.filters.newest(); link != nullptr; link = link->older) {
    if (!merge.take(interpret(link->program, data))) break;
  }
  return merge.match();
}

// The copy in sealed memory is what the table and the code beside it were made from, and nobody can have changed it.
Match match_sealed(const SeccompData& data, const ChainNode& node) noexcept {
  Merge merge(node.options.rule, node.length);
  const Insn* program = node.sealed_bytecode;
  for (const FilterLink* link = node.filters.newest(); link != nullptr; link = link->older) {
    if (!merge.take(interp::run(program, data))) break;
    program += link->program.size();
  }
  return merge.match();
}

}  // namespace

Match match_chain(const SeccompData& data, const ChainNode& node) noexcept {
  return node.sealed_bytecode != nullptr ? match_sealed(data, node) : match_list(data, node);
}

std::uint32_t interpret_chain(const SeccompData* data, const ChainHot* self) noexcept {
  const ChainNode& node = *ChainNode::of(self);
  return match_list(*data, node).result;
}

}  // namespace callgate::detail
