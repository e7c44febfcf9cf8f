// Deciding without native code: every filter of the chain through the reference interpreter, merged by the rule.
// Runs on the path of evaluate(): no allocation, lock, system call, thread-local storage or vector register.
#include <cstring>

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

// The words of a call, each read once.
SeccompData gather(const InputLayout& layout, const void* frame) noexcept {
  std::uint32_t words[sizeof(SeccompData) / 4];
  for (std::size_t i = 0; i < layout.words.size(); ++i) {
    const InputWord& word = layout.words[i];
    words[i] = word.is_constant ? word.value : *reinterpret_cast<const volatile std::uint32_t*>(static_cast<const unsigned char*>(frame) + word.value);
  }
  SeccompData data;
  std::memcpy(&data, words, sizeof data);
  return data;
}

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

std::uint32_t interpret_data(const void* data, const ChainHot* self) noexcept {
  return match_list(*static_cast<const SeccompData*>(data), *ChainNode::of(self)).result;
}

std::uint32_t interpret_frame(const void* frame, const ChainHot* self) noexcept {
  const ChainNode& node = *ChainNode::of(self);
  return match_list(gather(node.options.layout, frame), node).result;
}

namespace {

std::uint32_t walk(const SeccompData& data, const ChainNode& node) noexcept {
  const compose::ChainGraph& decisions = *node.plan[0]->chain_graph();
  const std::uint32_t index = table_index(data.nr, data.arch);
  if (!decisions.by_number()) return node.flat.evaluate(decisions.roots[0], &data);
  return node.flat.evaluate(index == action_table_entries ? decisions.rest : decisions.roots[index], &data);
}

}  // namespace

std::uint32_t walk_data(const void* data, const ChainHot* self) noexcept {
  return walk(*static_cast<const SeccompData*>(data), *ChainNode::of(self));
}

std::uint32_t walk_frame(const void* frame, const ChainHot* self) noexcept {
  const ChainNode& node = *ChainNode::of(self);
  return walk(gather(node.options.layout, frame), node);
}

// Reads every word once; table and code were made for the copy.
std::uint32_t evaluate_frame_once(const void* frame, const ChainHot* self) noexcept {
  const SeccompData data = gather(ChainNode::of(self)->options.layout, frame);
  const std::uint32_t word = self->frame_table[table_index(data.nr, data.arch)];
  if (!is_residual(word)) return word;
  return decide_residual(word, self->frame_checks, self->frame_code, &data, self);
}

}  // namespace callgate::detail
