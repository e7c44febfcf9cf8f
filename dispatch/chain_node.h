// What a Chain points to.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "callgate/chain.hpp"
#include "compose/plan.h"
#include "dispatch/published.h"
#include "ir/flat.h"
#include "jit/code_memory.h"

namespace callgate {
namespace CALLGATE_HIDDEN detail {

// What decides where there is no sealed memory: table, checks, and the graph for the rest (if empty, the interpreter).
struct WithoutCode {
  std::vector<std::uint32_t> table;
  std::vector<callgate_check> checks;
  ir::FlatGraph flat;
  Walk walk;
};

struct ChainNode : Published {
  ChainNode() noexcept : Published{} { node = this; }

  std::atomic<std::uint32_t> references{1};
  Options options;
  Engine engine = Engine::interpreter;
  FallbackReason fallback_reason = FallbackReason::none;
  int fallback_errno = 0;
  Precision precision = Precision::baseline;  // of the segment of the plan that has least of it

  FilterList filters;
  std::uint64_t path_length = 0;   // sum of (kernel_length + 4) over all filters
  std::size_t bytecode_bytes = 0;  // of all filters
  std::size_t code_bytes = 0;
  std::size_t table_bytes = 0;  // of the action table and its checks

  compose::Plan plan;      // empty, or of all filters
  jit::CodeMemory memory;  // action table, checks, bytecode and code, sealed; empty on the interpreter
  std::unique_ptr<WithoutCode> without_code;  // null where there is sealed memory, or no table

  // Null for a chain that was moved from.
  static const ChainNode* of(const callgate_image* image) noexcept { return Published::of(image).node; }
  static Chain wrap(ChainNode* node) noexcept { return Chain(node); }
};

}  // namespace detail
}  // namespace callgate
