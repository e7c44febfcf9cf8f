#include "bpf/paths.h"

#include <cstddef>
#include <utility>

#include "bpf/names.h"
#include "bpf/opcode.h"

namespace callgate::bpf {
namespace {

constexpr std::uint64_t others = std::uint64_t{1} << 63;

// Bits of the architectures with a name.
std::uint64_t named_arches() {
  static const std::uint64_t bits = (std::uint64_t{1} << known_arches().size()) - 1;
  return bits;
}

bool is_true(Opcode opcode, std::uint32_t a, std::uint32_t k) {
  switch (opcode) {
    case Opcode::jeq_k: return a == k;
    case Opcode::jgt_k: return a > k;
    case Opcode::jge_k: return a >= k;
    default: return (a & k) != 0;
  }
}

}  // namespace

std::optional<std::uint32_t> PathFacts::loaded() const {
  if (a_ == unknown) return std::nullopt;
  return a_ * std::uint32_t{4};
}

std::optional<std::vector<std::uint32_t>> PathFacts::arches() const {
  if ((arches_ & others) != 0) return std::nullopt;
  std::vector<std::uint32_t> values;
  for (const std::uint32_t value : known_arches()) {
    if (may_be(value)) values.push_back(value);
  }
  return values;
}

bool PathFacts::may_be(std::uint32_t arch) const {
  for (std::size_t i = 0; i < known_arches().size(); ++i) {
    if (known_arches()[i] == arch) return (arches_ >> i & 1) != 0;
  }
  return (arches_ & others) != 0;
}

std::vector<std::uint32_t> PathFacts::arches_of_numbers() const {
  if (const auto only = arches()) return *only;
  if (!may_be(arch::x86_64)) return {};
  if (told_apart_ && may_be(arch::x86_32)) return {arch::x86_64, arch::x86_32};
  return {arch::x86_64};
}

std::optional<std::uint32_t> PathFacts::arch_of_numbers() const {
  const auto found = arches_of_numbers();
  return found.size() == 1 ? std::optional(found.front()) : std::nullopt;
}

void PathFacts::join(const PathFacts& other) {
  const auto join_word = [](std::uint8_t& word, std::uint8_t same) {
    if (word != same) word = unknown;
  };
  join_word(a_, other.a_);
  join_word(x_, other.x_);
  for (std::size_t i = 0; i < scratch_slots; ++i) join_word(scratch_[i], other.scratch_[i]);
  arches_ |= other.arches_;
  told_apart_ |= other.told_apart_;
}

std::uint8_t& PathFacts::slot(std::uint32_t index) {
  nowhere_ = unknown;
  return index < scratch_slots ? scratch_[index] : nowhere_;
}

void PathFacts::run(const Insn& insn) {
  const OpcodeInfo* const info = find_opcode(insn.code);
  if (info == nullptr) {
    a_ = x_ = unknown;
    return;
  }
  switch (info->opcode) {
    case Opcode::ld_abs:
      a_ = insn.k < sizeof(SeccompData) && insn.k % 4 == 0 ? static_cast<std::uint8_t>(insn.k / 4) : unknown;
      return;
    case Opcode::ld_mem: a_ = slot(insn.k); return;
    case Opcode::ldx_mem: x_ = slot(insn.k); return;
    case Opcode::st: slot(insn.k) = a_; return;
    case Opcode::stx: slot(insn.k) = x_; return;
    case Opcode::tax: x_ = a_; return;
    case Opcode::txa: a_ = x_; return;
    case Opcode::ldx_imm:
    case Opcode::ldx_len: x_ = unknown; return;
    default:
      if (info->form != Form::jump && !is_branch(info->form)) a_ = unknown;
  }
}

std::optional<PathFacts> PathFacts::after_jump(const Insn& insn, bool is_taken) const {
  PathFacts left = *this;
  const OpcodeInfo* const info = find_opcode(insn.code);
  if (info->form != Form::branch_imm || loaded() != offsetof(SeccompData, arch)) return left;
  for (std::size_t i = 0; i < known_arches().size(); ++i) {
    if (is_true(info->opcode, known_arches()[i], insn.k) != is_taken) left.arches_ &= ~(std::uint64_t{1} << i);
  }
  const bool is_named = !arch_name(insn.k).empty();
  if (info->opcode == Opcode::jeq_k && is_taken && is_named) left.arches_ &= named_arches();
  left.arches_ &= named_arches() | others;
  if (left.arches_ == 0) return std::nullopt;
  left.told_apart_ |= left.may_be(arch::x86_64) != left.may_be(arch::x86_32);
  return left;
}

const PathFacts* PathWalk::enter() {
  const auto found = pending_.find(pc_);
  if (found != pending_.end()) {
    facts_ ? facts_->join(found->second) : static_cast<void>(facts_ = found->second);
    pending_.erase(found);
  }
  return facts_ ? &*facts_ : nullptr;
}

void PathWalk::leave(const Insn& insn, std::optional<std::uint64_t> taken, std::optional<std::uint64_t> not_taken) {
  const std::optional<PathFacts> here = std::exchange(facts_, std::nullopt);
  ++pc_;
  if (!here) return;
  const OpcodeInfo* const info = find_opcode(insn.code);
  if (info != nullptr && (info->opcode == Opcode::ret_k || info->opcode == Opcode::ret_a)) return;
  if (taken && not_taken) {
    if (const auto left = here->after_jump(insn, true)) flow(*taken, *left);
    if (const auto left = here->after_jump(insn, false)) flow(*not_taken, *left);
  } else if (taken) {
    flow(*taken, *here);
  } else {
    facts_ = here;
    facts_->run(insn);
  }
}

void PathWalk::flow(std::uint64_t target, const PathFacts& facts) {
  const auto [place, is_new] = pending_.try_emplace(target, facts);
  if (!is_new) place->second.join(facts);
}

}  // namespace callgate::bpf
