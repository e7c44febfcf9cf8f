#include "jit/layout.h"

namespace callgate::jit {
namespace {

Reach reach(std::size_t distance) { return distance <= near_reach ? Reach::near : Reach::far; }

}  // namespace

Layout lay_out(const Flow& flow, const Abi& abi, const InputMap& input) {
  const std::size_t count = flow.blocks.size();
  Layout layout{std::vector<Reach>(count), std::vector<Reach>(count), std::vector<bool>(count), {}, 0};
  layout.start.resize(count + 1);  // from the start of a block to the end of the code, until all is known
  std::vector<std::uint32_t>& to_end = layout.start;
  Sizer sizer;
  Generator<Sizer> generator(sizer, abi, input, flow);
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
    const std::size_t before = sizer.size();
    generator.body(block);
    to_end[id] = static_cast<std::uint32_t>(behind + sizer.size() - before);
  }
  layout.bytes = to_end[0];
  for (std::uint32_t& at : layout.start) at = static_cast<std::uint32_t>(layout.bytes) - at;
  return layout;
}

}  // namespace callgate::jit
