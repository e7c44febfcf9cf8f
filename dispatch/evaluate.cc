// Deciding without native code: every filter of the chain through the reference interpreter, merged by the rule.
// Runs on the path of evaluate(): no allocation, lock, system call, thread-local storage or vector register.
#include <cstring>

#include "dispatch/published.h"
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

// Frames need not be aligned.
using AnyWord [[gnu::aligned(1), gnu::may_alias]] = std::uint32_t;
std::uint32_t read_once(const unsigned char* at) noexcept { return *reinterpret_cast<const volatile AnyWord*>(at); }

// The words of a call, each read once.
SeccompData gather(const InputLayout& layout, const void* frame) noexcept {
  std::uint32_t words[sizeof(SeccompData) / 4];
  for (std::size_t i = 0; i < layout.words.size(); ++i) {
    const InputWord& word = layout.words[i];
    words[i] = word.is_constant ? word.value : read_once(static_cast<const unsigned char*>(frame) + word.value);
  }
  SeccompData data;
  std::memcpy(&data, words, sizeof data);
  return data;
}

Match match_list(const SeccompData& data, const Published& chain) noexcept {
  Merge merge(chain.rule, chain.length);
  for (const FilterLink* link = chain.newest; link != nullptr; link = link->older) {
    if (!merge.take(interpret(link->program, data))) break;
  }
  return merge.match();
}

Match match_sealed(const SeccompData& data, const Published& chain) noexcept {
  Merge merge(chain.rule, chain.length);
  const Insn* program = chain.bytecode;
  for (std::uint32_t i = 0; i < chain.length; ++i) {
    if (!merge.take(interp::run(program, data))) break;
    program += chain.sizes[i];
  }
  return merge.match();
}

Match match_filters(const SeccompData& data, const Published& chain) noexcept {
  return chain.newest == nullptr ? match_sealed(data, chain) : match_list(data, chain);
}

std::uint32_t walk(const SeccompData& data, const Published& chain) noexcept {
  const std::uint32_t index = callgate_table_index(data.nr, data.arch);
  const Walk& graph = chain.walk;
  const bool has_root = graph.roots != nullptr && index != CALLGATE_TABLE_ENTRIES;
  return ir::walk(graph.nodes, graph.ops, has_root ? graph.roots[index] : graph.other_root, &data);
}

}  // namespace

Match match_chain(const SeccompData& data, const Published& chain) noexcept {
  if (chain.node == nullptr) return {action::kill_process, std::nullopt};
  return match_filters(data, chain);
}

Match match_chain_frame(const void* frame, const Published& chain) noexcept {
  if (chain.node == nullptr) return {action::kill_process, std::nullopt};
  return match_chain(gather(chain.layout, frame), chain);
}

std::uint32_t interpret_data(const void* data, const callgate_image* image) noexcept {
  return match_filters(*static_cast<const SeccompData*>(data), Published::of(image)).result;
}

std::uint32_t interpret_frame(const void* frame, const callgate_image* image) noexcept {
  const Published& chain = Published::of(image);
  return match_filters(gather(chain.layout, frame), chain).result;
}

std::uint32_t walk_data(const void* data, const callgate_image* image) noexcept {
  return walk(*static_cast<const SeccompData*>(data), Published::of(image));
}

std::uint32_t walk_frame(const void* frame, const callgate_image* image) noexcept {
  const Published& chain = Published::of(image);
  return walk(gather(chain.layout, frame), chain);
}

}  // namespace callgate::detail

// Reads every word once; table and code were made for the copy.
std::uint32_t callgate_evaluate_frame_once(const void* frame, const callgate_image* image) noexcept {
  const callgate::detail::Published& chain = callgate::detail::Published::of(image);
  const callgate::SeccompData data = callgate::detail::gather(chain.layout, frame);
  return callgate_decide_by(&image->frame, data.nr, data.arch, &data, image);
}
