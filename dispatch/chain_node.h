// What a Chain points to.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "callgate/chain.hpp"
#include "compose/plan.h"
#include "dispatch/filter_list.h"
#include "ir/flat.h"
#include "jit/code_memory.h"

namespace callgate::detail {

struct ChainNode : ChainHot {
  std::atomic<std::uint32_t> references{1};
  Options options;
  Engine engine = Engine::interpreter;
  FallbackReason fallback_reason = FallbackReason::none;
  int fallback_errno = 0;

  FilterList filters;
  std::uint32_t length = 0;        // filters
  std::uint64_t path_length = 0;   // sum of (kernel_length + 4) over all filters
  std::size_t bytecode_bytes = 0;  // of all filters

  compose::Plan plan;      // empty, or of all filters
  jit::CodeMemory memory;  // action table, bytecode and code, sealed; empty on the interpreter
  std::size_t code_bytes = 0;
  std::size_t table_bytes = 0;             // of the action table and its checks
  std::vector<std::uint32_t> own_table;    // where the action table lies when there is no sealed memory
  std::vector<ArgumentCheck> own_checks;   // and its checks
  ir::FlatGraph flat;                      // what the table does not settle, where there is no code; empty: the interpreter does
  const Insn* sealed_bytecode = nullptr;   // all filters, newest first, one behind the other, in `memory`

  static const ChainNode* of(const ChainHot* hot) noexcept { return static_cast<const ChainNode*>(hot); }
  static Chain wrap(ChainNode* node) noexcept { return Chain(node); }
};

// Entries of a chain without native code, for SeccompData and for frames of the layout: the reference interpreter, filter
// by filter, and the decision graph.
std::uint32_t interpret_data(const void* data, const ChainHot* self) noexcept;
std::uint32_t interpret_frame(const void* frame, const ChainHot* self) noexcept;
std::uint32_t walk_data(const void* data, const ChainHot* self) noexcept;
std::uint32_t walk_frame(const void* frame, const ChainHot* self) noexcept;
Match match_chain(const SeccompData& data, const ChainNode& node) noexcept;

}  // namespace callgate::detail
