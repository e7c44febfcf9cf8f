// What a chain's image points back to: all that attach(), the accessors and the end of a chain need. Nothing that
// decides a call reads it.
#pragma once

#include <cstdint>
#include <memory>

#include "callgate/chain.hpp"
#include "compose/plan.h"
#include "dispatch/filter_list.h"
#include "dispatch/published.h"
#include "jit/code_memory.h"
#include "verifier/reference_count.h"

namespace callgate {
namespace CALLGATE_HIDDEN detail {

struct ChainNode {
  mutable ReferenceCount references;
  Options options;
  Engine engine = Engine::interpreter;
  FallbackReason fallback_reason = FallbackReason::none;
  int fallback_errno = 0;
  Precision precision = Precision::baseline;  // of the segment of the plan that has least of it

  FilterList filters;
  std::uint32_t length = 0;        // filters
  std::uint64_t path_length = 0;   // sum of (kernel_length + 4) over all filters
  std::size_t bytecode_bytes = 0;  // of all filters
  std::size_t code_bytes = 0;
  std::size_t table_bytes = 0;  // of the action table and its records

  compose::Plan plan;                  // empty, or of all filters
  jit::CodeMemory memory;              // the image, with all that it points to
  std::unique_ptr<Published> on_heap;  // or this: see stays_on_heap() in dispatch/seal.h
  const Published* placed = nullptr;   // or this, with the node itself: in the caller's memory (dispatch/placed_node.h)

  // Null for a chain that was moved from.
  static const ChainNode* of(const callgate_image* image) noexcept { return Published::of(image).node; }

  const Published& image() const noexcept {
    if (placed != nullptr) return *placed;
    return on_heap != nullptr ? *on_heap : *reinterpret_cast<const Published*>(memory.data());
  }

  // The first reference to a node that is installed.
  static Chain wrap(const ChainNode& node) noexcept { return Chain(&node.image()); }
};

}  // namespace detail
}  // namespace callgate
