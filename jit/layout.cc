#include "jit/layout.h"

namespace callgate::jit {
namespace {

std::size_t body_bytes(const Flow& flow, const Abi& abi, const Block& block) {
  Sizer sizer;
  Generator<Sizer>(sizer, abi, flow).body(block);
  return sizer.size();
}

Reach reach(std::size_t distance) { return distance <= near_reach ? Reach::near : Reach::far; }

}  // namespace

Layout lay_out(const Flow& flow, const Abi& abi) {
  const std::size_t count = flow.blocks.size();
  Layout layout{std::vector<Reach>(count), std::vector<Reach>(count), std::vector<bool>(count)};
  std::vector<std::size_t> to_end(count + 1);  // bytes from the start of a block to the end of the code
  for (std::size_t id = count; id-- > 0;) {
    const Block& block = flow.blocks[id];
    std::size_t behind = to_end[id + 1];  // bytes from here to the end
    if (jumps_to_next(block, static_cast<BlockId>(id))) {
      layout.next[id] = reach(behind - to_end[block.next]);
      layout.jumped_to[block.next] = true;
      behind += layout.next[id] == Reach::near ? near_jump_bytes : far_jmp_bytes;
    }
    if (block.taken != no_block) {
      layout.taken[id] = reach(behind - to_end[block.taken]);
      layout.jumped_to[block.taken] = true;
      behind += layout.taken[id] == Reach::near ? near_jump_bytes : far_jcc_bytes;
    }
    to_end[id] = behind + body_bytes(flow, abi, block);
  }
  layout.bytes = to_end[0];
  return layout;
}

}  // namespace callgate::jit
