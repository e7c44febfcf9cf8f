// Lowering: units to blocks.
#pragma once

#include <span>

#include "ir/sequence.h"
#include "jit/block.h"
#include "jit/switch.h"
#include "jit/unit.h"

namespace callgate::jit {

struct LowerRequest {
  std::span<const Unit> units;  // newest first; must outlive the flow
  ir::Sequence sequence;
  std::span<const ir::NodeId> entry_roots;  // of the newest unit's graph: nodes that get an entry of their own
  SwitchTarget target;
  BlindingKey blinding = {};
};

// No unit at all: the result is `sequence.goes_on`. May throw std::bad_alloc.
Flow lower(const LowerRequest& request);

}  // namespace callgate::jit
