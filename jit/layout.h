// How blocks are linked: the size of every jump, known before the first byte is written.
#pragma once

#include <cstdint>
#include <vector>

#include "jit/generator.h"
#include "jit/sizer.h"

namespace callgate::jit {

struct Layout {
  ir::IdMap<BlockId, Reach> taken;          // of the conditional jump
  ir::IdMap<BlockId, Reach> next;           // of the unconditional one
  ir::IdMap<BlockId, bool> jumped_to;       // needs a label
  ir::IdMap<BlockId, std::uint32_t> start;  // bytes from the start of the code
  std::size_t bytes = 0;                    // of the whole code
};

// The block that lies behind another.
constexpr BlockId behind(BlockId block) { return BlockId{block.index() + 1}; }

// The blocks of a flow, and their labels.
inline ir::IdRange<BlockId> blocks_of(const Flow& flow) {
  return ir::IdRange<BlockId>::upwards(0, static_cast<std::uint32_t>(flow.blocks.size()));
}
constexpr Label label_of(BlockId block) { return block.index(); }

inline bool jumps_to_next(const Block& block, BlockId self) {
  return block.next != no_block && block.next != behind(self);
}

// All jumps go forward, so walking from the back every distance is exact when it is asked for, and one pass is enough.
Layout lay_out(const Flow& flow, const Abi& abi, const InputMap& input);

// Writes the whole function.
template <Assembler As, class Marks>
void emit(As& as, const Abi& abi, const InputMap& input, const Flow& flow, const Layout& layout, Marks marks) {
  Generator<As, Marks> generator(as, abi, input, flow, marks);
  for (const BlockId id : blocks_of(flow)) {
    const Block& block = flow.blocks[id];
    if (layout.jumped_to[id]) as.bind(label_of(id));
    generator.body(block);
    if (block.taken != no_block) as.jcc(block.cond, label_of(block.taken), layout.taken[id]);
    if (jumps_to_next(block, id)) as.jmp(label_of(block.next), layout.next[id]);
  }
}

}  // namespace callgate::jit
