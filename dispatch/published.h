// A published image as the path of evaluate() reads it: numbers, pointers and arrays. A chain's node owns the memory.
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

struct Published : callgate_image {
  const ChainNode* node = nullptr;  // what attach() and the accessors look at; null in the image of moved-from chains
  MergeRule rule = MergeRule::first_non_allow;
  std::uint32_t length = 0;             // filters
  const FilterLink* newest = nullptr;   // the filters, for the interpreter
  const Insn* bytecode = nullptr;       // of all filters, newest first, in sealed memory; null where there is none
  const InputLayout* layout = nullptr;  // of frames
  const Walk* walk = nullptr;           // null where code or the interpreter decides what the table does not

  static const Published& of(const callgate_image* image) noexcept { return *static_cast<const Published*>(image); }
};

// The image of a chain that was moved from: it kills whatever is called. Never freed.
extern const Published moved_from_image;

// Entries of a chain without native code, for SeccompData and for frames of the layout: the reference interpreter,
// filter by filter, and the decision graph.
std::uint32_t interpret_data(const void* data, const callgate_image* image) noexcept;
std::uint32_t interpret_frame(const void* frame, const callgate_image* image) noexcept;
std::uint32_t walk_data(const void* data, const callgate_image* image) noexcept;
std::uint32_t walk_frame(const void* frame, const callgate_image* image) noexcept;

// The decision and the filter that made it, by the interpreter; by the sealed bytecode where there is some.
Match match_chain(const SeccompData& data, const Published& chain) noexcept;
Match match_chain_frame(const void* frame, const Published& chain) noexcept;

}  // namespace detail
}  // namespace callgate
