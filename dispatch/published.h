// A published image as the path of evaluate() reads it: numbers, pointers and arrays. A Chain points to it; the chain's
// node owns the memory.
#pragma once

#include <cstdint>

#include "callgate/chain.hpp"
#include "dispatch/filter_list.h"
#include "ir/walk.h"

namespace callgate {
namespace CALLGATE_HIDDEN detail {

// The decision graph of a chain without code: its arrays (ir/flat.h), the root of each entry of the action table, and
// the root of all other calls. Without `roots` this root is that of every call.
struct Walk {
  const ir::FlatNode* nodes = nullptr;
  const ir::FlatOp* ops = nullptr;
  const ir::NodeId* roots = nullptr;
  ir::NodeId other_root = {};
};

struct ChainNode;

// The start of a chain's sealed memory, and all that decides its calls: table and records, and what it points to, lie
// behind it in the same memory (dispatch/seal.cc). Only `node` does not, which nothing that decides reads.
struct Published : callgate_image {
  const ChainNode* node = nullptr;  // for attach(), the accessors and the end; null in the image of moved-from chains
  MergeRule rule = MergeRule::first_non_allow;
  std::uint32_t length = 0;              // filters
  const Insn* bytecode = nullptr;        // of all filters, newest first; null if the filters are those of `newest`
  const std::uint32_t* sizes = nullptr;  // instructions of each filter, newest first
  const FilterLink* newest = nullptr;    // on the heap: only of chains that stay there (dispatch/seal.h)
  Walk walk = {};                        // without nodes where code or the interpreter decides what the table does not
  InputLayout layout = {};               // of frames
  const Published* base = nullptr;       // of a layer (dispatch/layer.h): the chain below it, or null if that is empty
  bool is_layer = false;

  // Filters that the image itself has: all, or those of the layer.
  std::uint32_t own_filters() const noexcept { return base == nullptr ? length : length - base->length; }

  static const Published& of(const callgate_image* image) noexcept { return *static_cast<const Published*>(image); }
};

static_assert(sizeof(Published) <= CALLGATE_TABLE_AT);

// The image of a chain that was moved from: it kills whatever is called. Never freed.
extern const Published moved_from_image;

// Entries of a chain without native code, for SeccompData and for frames of the layout: the reference interpreter,
// filter by filter, and the decision graph.
std::uint32_t interpret_data(const void* data, const callgate_image* image) noexcept;
std::uint32_t interpret_frame(const void* frame, const callgate_image* image) noexcept;
std::uint32_t walk_data(const void* data, const callgate_image* image) noexcept;
std::uint32_t walk_frame(const void* frame, const callgate_image* image) noexcept;

// The same of layers: their filters by the interpreter, and the chain below them as that decides.
std::uint32_t decide_layers_data(const void* data, const callgate_image* image) noexcept;
std::uint32_t decide_layers_frame(const void* frame, const callgate_image* image) noexcept;

// The words of a call in a frame of the layout, each read once.
SeccompData gather(const InputLayout& layout, const void* frame) noexcept;

// The decision and the filter that made it, by the interpreter.
Match match_chain(const SeccompData& data, const Published& chain) noexcept;
Match match_chain_frame(const void* frame, const Published& chain) noexcept;

}  // namespace detail
}  // namespace callgate
