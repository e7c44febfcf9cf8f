// Deciding without native code: every filter of the chain through the reference interpreter, merged by the rule.
// Runs on the path of evaluate(): no allocation, lock, system call, thread-local storage or vector register.
#include <cstring>

#include "dispatch/merge.h"
#include "dispatch/published.h"
#include "interp/run.h"

namespace callgate::detail {
namespace {

// Frames need not be aligned.
using AnyWord [[gnu::aligned(1), gnu::may_alias]] = std::uint32_t;
std::uint32_t read_once(const unsigned char* at) noexcept { return *reinterpret_cast<const volatile AnyWord*>(at); }

}  // namespace

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

namespace {

// The filters of the image itself, which are `count`, newest first. False once the chain is decided.
[[gnu::always_inline]] inline bool take_own(Merge& merge, const SeccompData& data, const Published& chain,
                                            std::uint32_t count) noexcept {
  if (chain.newest != nullptr) return take_list(merge, data, chain);
  const Insn* program = chain.bytecode;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!merge.take(interp::run(program, data))) return false;
    program += chain.sizes[i];
  }
  return true;
}

Match match_filters(const SeccompData& data, const Published& chain) noexcept {
  Merge merge(chain.rule, chain.length);
  const Published* part = &chain;
  while (part != nullptr && take_own(merge, data, *part, part->own_filters())) part = part->base;
  return merge.match();
}

// Of a chain that is no layer.
std::uint32_t interpret_filters(const SeccompData& data, const Published& chain) noexcept {
  Merge merge(chain.rule, chain.length);
  take_own(merge, data, chain, chain.length);
  return merge.match().result;
}

// `below`: decides a call by the route of the chain below that is no layer.
template <class Below>
std::uint32_t decide_layers(const SeccompData& data, const Published& chain, Below below) noexcept {
  Merge merge(chain.rule, chain.length);
  const Published* part = &chain;
  while (part != nullptr && part->is_layer) {
    if (!take_own(merge, data, *part, part->own_filters())) return merge.match().result;
    part = part->base;
  }
  if (part != nullptr) merge.take(below(part));
  return merge.match().result;
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
  return interpret_filters(*static_cast<const SeccompData*>(data), Published::of(image));
}

std::uint32_t interpret_frame(const void* frame, const callgate_image* image) noexcept {
  const Published& chain = Published::of(image);
  return interpret_filters(gather(chain.layout, frame), chain);
}

std::uint32_t walk_data(const void* data, const callgate_image* image) noexcept {
  return walk(*static_cast<const SeccompData*>(data), Published::of(image));
}

std::uint32_t walk_frame(const void* frame, const callgate_image* image) noexcept {
  const Published& chain = Published::of(image);
  return walk(gather(chain.layout, frame), chain);
}

std::uint32_t decide_layers_data(const void* data, const callgate_image* image) noexcept {
  const auto& call = *static_cast<const SeccompData*>(data);
  return decide_layers(call, Published::of(image), [&](const Published* below) {
    return callgate_decide_by(&below->data, call.nr, call.arch, data, below);
  });
}

// A frame that is read once has become a SeccompData when this sees it.
std::uint32_t decide_layers_frame(const void* frame, const callgate_image* image) noexcept {
  const Published& chain = Published::of(image);
  const auto of_frame = [&](const SeccompData& call) {
    return decide_layers(call, chain, [&](const Published* below) {
      return callgate_decide_by(&below->frame, call.nr, call.arch, frame, below);
    });
  };
  return chain.single_fetch ? of_frame(*static_cast<const SeccompData*>(frame)) : of_frame(gather(chain.layout, frame));
}

}  // namespace callgate::detail

#ifdef CALLGATE_FREESTANDING
#pragma weak callgate_evaluate_frame_once  // a program may link the whole library too
#endif

// Reads every word once; table and code were made for the copy.
std::uint32_t callgate_evaluate_frame_once(const void* frame, const callgate_image* image) noexcept {
  const callgate::detail::Published& chain = callgate::detail::Published::of(image);
  const callgate::SeccompData data = callgate::detail::gather(chain.layout, frame);
  return callgate_decide_by(&image->frame, data.nr, data.arch, &data, image);
}
