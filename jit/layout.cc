#include "jit/layout.h"

namespace callgate::jit {
namespace {

Reach reach(std::size_t distance) { return distance <= near_reach ? Reach::near : Reach::far; }

}  // namespace

Layout lay_out(const Flow& flow, const Abi& abi, const InputMap& input) {
  const auto count = static_cast<std::uint32_t>(flow.blocks.size());
  Layout layout;
  layout.taken.resize(count);
  layout.next.resize(count);
  layout.jumped_to.resize(count);
  layout.start.resize(count + 1);  // from the start of a block to the end of the code, until all is known
  ir::IdMap<BlockId, std::uint32_t>& to_end = layout.start;
  Sizer sizer;
  Generator<Sizer> generator(sizer, abi, input, flow);
  for (const BlockId id : ir::IdRange<BlockId>::downwards(0, count)) {
    const Block& block = flow.blocks[id];
    std::size_t to_here = to_end[behind(id)];  // bytes from here to the end
    if (jumps_to_next(block, id)) {
      layout.next[id] = reach(to_here - to_end[block.next]);
      layout.jumped_to[block.next] = true;
      to_here += layout.next[id] == Reach::near ? near_jump_bytes : far_jmp_bytes;
    }
    if (block.taken != no_block) {
      layout.taken[id] = reach(to_here - to_end[block.taken]);
      layout.jumped_to[block.taken] = true;
      to_here += layout.taken[id] == Reach::near ? near_jump_bytes : far_jcc_bytes;
    }
    const std::size_t before = sizer.size();
    generator.body(block);
    to_end[id] = static_cast<std::uint32_t>(to_here + sizer.size() - before);
  }
  layout.bytes = to_end[BlockId{0}];
  for (std::uint32_t& at : layout.start) at = static_cast<std::uint32_t>(layout.bytes) - at;
  return layout;
}

}  // namespace callgate::jit
