#include "oracles/generator/writer.h"

#include <algorithm>
#include <bit>

#include "callgate/action.hpp"

namespace callgate::oracles {
namespace {

using bpf::Opcode;

constexpr std::uint16_t class_mask = 0x07;
constexpr std::uint16_t class_jump = 0x05;

void join(Label* label, std::uint32_t pc, bool taken) {
  if (label != nullptr && label->count < std::size(label->sides)) label->sides[label->count++] = {pc, taken};
}

// The first slot of the set from `slot` on, around the end.
std::uint32_t next_slot(std::uint32_t set, std::uint32_t slot) {
  const auto turned = std::rotr(static_cast<std::uint16_t>(set), static_cast<int>(slot));
  return (slot + static_cast<std::uint32_t>(std::countr_zero(turned))) % scratch_slots;
}

}  // namespace

void Writer::branch(const Draft& test, Label* yes, Label* no) {
  if (full()) return;
  const auto pc = static_cast<std::uint32_t>(program_.size());
  join(yes, pc, true);
  join(no, pc, false);
  program_.push_back(insn(test));
}

void Writer::jump(Label& target) {
  if (full()) return;
  join(&target, static_cast<std::uint32_t>(program_.size()), true);
  program_.push_back(insn({Opcode::ja}));
}

void Writer::place(Label& label) {
  for (std::uint32_t i = 0; i < label.count; ++i) {
    const auto [pc, taken] = label.sides[i];
    const std::uint32_t away = static_cast<std::uint32_t>(program_.size()) - pc - 1;
    const auto near = static_cast<std::uint8_t>(std::min<std::uint32_t>(away, 255));
    Insn& in = program_[pc];
    if (bpf::opcode_of(in) == Opcode::ja) {
      in.k = away;
    } else {
      (taken ? in.jt : in.jf) = near;
    }
  }
  label.count = 0;
}

std::uint32_t Writer::distance() {
  const std::uint64_t bits = random.next();
  const std::uint32_t kind = bits & 31;
  const auto far = static_cast<std::uint32_t>(bits >> 8) & 255;
  if (kind == 0) return 255;
  if (kind == 1) return std::min<std::uint32_t>(255, room());
  if (kind < 4) return far;
  return kind < 8 ? far & 31 : far % 6;
}

void Writer::finish() {
  end();
  make_valid();
}

// Mostly A itself, so that a wrong value anywhere shows in the result; or A's data below ALLOW, so that a chain goes
// on.
void Writer::end() {
  const std::uint32_t kind = random.below(16);
  if (kind < 8) {
    program_.back() = insn({Opcode::ret_a});
  } else if (kind < 11 && length_ > 6) {
    const auto tail = program_.end() - 3;
    tail[0] = insn({Opcode::and_k, data_mask});
    tail[1] = insn({Opcode::or_k, action::allow});
    tail[2] = insn({Opcode::ret_a});
  } else {
    program_.back() = insn({Opcode::ret_k, result()});
  }
}

// One pass: jumps are cut first, then the sets of written slots flow as in check_load_and_stores() of the kernel.
void Writer::make_valid() {
  static constexpr std::uint32_t all = 0xffff;
  std::uint16_t unwritten_at[max_program_length];
  std::fill_n(unwritten_at, length_, std::uint16_t{0});
  std::uint32_t written = 0;
  for (std::uint32_t pc = 0; pc < length_; ++pc) {
    Insn& in = program_[pc];
    written &= ~std::uint32_t{unwritten_at[pc]};
    const auto arrive = [&](std::uint32_t target) {
      unwritten_at[target] = static_cast<std::uint16_t>(unwritten_at[target] | (all & ~written));
    };
    if ((in.code & class_mask) == class_jump) {
      const std::uint32_t farthest = length_ - pc - 2;  // the last instruction is a return
      if (bpf::opcode_of(in) == Opcode::ja) {
        in.k = std::min(in.k, farthest);
        arrive(pc + 1 + in.k);
      } else {
        in.jt = static_cast<std::uint8_t>(std::min<std::uint32_t>(in.jt, farthest));
        in.jf = static_cast<std::uint8_t>(std::min<std::uint32_t>(in.jf, farthest));
        arrive(pc + 1 + in.jt);
        arrive(pc + 1 + in.jf);
      }
      written = all;
    } else if (const Opcode op = bpf::opcode_of(in); op == Opcode::st || op == Opcode::stx) {
      written |= 1u << in.k;
    } else if ((op == Opcode::ld_mem || op == Opcode::ldx_mem) && (written >> in.k & 1) == 0) {
      if (written != 0) {
        in.k = next_slot(written, in.k);
      } else {
        in = insn({op == Opcode::ld_mem ? Opcode::ld_imm : Opcode::ldx_imm, constant()});
      }
    }
  }
}

}  // namespace callgate::oracles
