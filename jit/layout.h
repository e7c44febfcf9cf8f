// How blocks are linked: the size of every jump, known before the first byte is written.
#pragma once

#include <cstdint>
#include <vector>

#include "jit/generator.h"
#include "jit/sizer.h"

namespace callgate::jit {

struct Layout {
  std::vector<Reach> taken;          // by block: of the conditional jump
  std::vector<Reach> next;           // by block: of the unconditional one
  std::vector<bool> jumped_to;       // by block: needs a label
  std::vector<std::uint32_t> start;  // by block: bytes from the start of the code
  std::size_t bytes = 0;             // of the whole code
};

inline bool jumps_to_next(const Block& block, BlockId self) { return block.next != no_block && block.next != self + 1; }

// All jumps go forward, so walking from the back every distance is exact when it is asked for, and one pass is enough.
Layout lay_out(const Flow& flow, const Abi& abi, const InputMap& input);

// Writes the whole function.
template <Assembler As, class Marks>
void emit(As& as, const Abi& abi, const InputMap& input, const Flow& flow, const Layout& layout, Marks marks) {
  Generator<As, Marks> generator(as, abi, input, flow, marks);
  for (BlockId id = 0; id < flow.blocks.size(); ++id) {
    const Block& block = flow.blocks[id];
    if (layout.jumped_to[id]) as.bind(id);
    generator.body(block);
    if (block.taken != no_block) as.jcc(block.cond, block.taken, layout.taken[id]);
    if (jumps_to_next(block, id)) as.jmp(block.next, layout.next[id]);
  }
}

}  // namespace callgate::jit
