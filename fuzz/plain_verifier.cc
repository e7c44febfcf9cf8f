#include "fuzz/plain_verifier.h"

#include <set>
#include <vector>

namespace callgate::fuzz {
namespace {

const std::set<std::uint16_t> codes = {
    0x04, 0x0c, 0x14, 0x1c, 0x24, 0x2c, 0x34, 0x3c, 0x44, 0x4c, 0x54, 0x5c, 0x64, 0x6c, 0x74,
    0x7c, 0xa4, 0xac, 0x84, 0x00, 0x01, 0x60, 0x61, 0x02, 0x03, 0x07, 0x87, 0x80, 0x81, 0x20,  // moves and loads
    0x05, 0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d, 0x06, 0x16,                          // jumps and returns
};

bool is_store(std::uint16_t code) { return code == 0x02 || code == 0x03; }
bool is_scratch_load(std::uint16_t code) { return code == 0x60 || code == 0x61; }
bool is_branch(std::uint16_t code) { return (code & 7) == 5 && code != 0x05; }

bool fields_are_in_range(std::span<const Insn> program, std::size_t pc) {
  const Insn& in = program[pc];
  const std::uint64_t behind = program.size() - pc - 1;
  if (!codes.contains(in.code)) return false;
  if (in.code == 0x20) return in.k < 64 && in.k % 4 == 0;
  if (in.code == 0x34) return in.k != 0;
  if (in.code == 0x64 || in.code == 0x74) return in.k < 32;
  if (is_store(in.code) || is_scratch_load(in.code)) return in.k < 16;
  if (in.code == 0x05) return in.k < behind;
  return !is_branch(in.code) || (in.jt < behind && in.jf < behind);
}

// Sets of slots, in the order of the text. A return changes nothing; behind a jump everything counts as written.
bool slots_are_written_first(std::span<const Insn> program) {
  using Slots = std::vector<bool>;
  const Slots all(16, true);
  std::vector<Slots> at(program.size(), all);
  Slots written(16, false);
  const auto meet = [](Slots& a, const Slots& b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = a[i] && b[i];
  };
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const Insn& in = program[pc];
    meet(written, at[pc]);
    if (is_store(in.code)) written[in.k] = true;
    if (is_scratch_load(in.code) && !written[in.k]) return false;
    if ((in.code & 7) != 5) continue;
    meet(at[pc + 1 + (in.code == 0x05 ? in.k : in.jt)], written);
    if (in.code != 0x05) meet(at[pc + 1 + in.jf], written);
    written = all;
  }
  return true;
}

}  // namespace

bool kernel_would_accept(std::span<const Insn> program) {
  if (program.empty() || program.size() > 4096) return false;
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    if (!fields_are_in_range(program, pc)) return false;
  }
  const std::uint16_t last = program.back().code;
  return (last == 0x06 || last == 0x16) && slots_are_written_first(program);
}

}  // namespace callgate::fuzz
