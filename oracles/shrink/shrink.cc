#include "oracles/shrink/shrink.h"

#include <algorithm>
#include <utility>

#include "bpf/opcode.h"

namespace callgate::oracles {
namespace {

using bpf::Form;
using bpf::Opcode;
using Clock = std::chrono::steady_clock;

constexpr Insn with_k(Opcode op, std::uint32_t k) { return {static_cast<std::uint16_t>(op), 0, 0, k}; }

// The form of an instruction; `none` for opcodes that seccomp does not accept, whose fields mean nothing.
Form form_of(const Insn& in) {
  const bpf::OpcodeInfo* info = bpf::find_opcode(in.code);
  return info == nullptr ? Form::none : info->form;
}

// Jumps of a program that was cut short end at its last instruction, or before it.
void cut_jumps(std::vector<Insn>& filter) {
  for (std::size_t pc = 0; pc + 1 < filter.size(); ++pc) {
    const auto farthest = static_cast<std::uint32_t>(filter.size() - pc - 2);
    const Form form = form_of(filter[pc]);
    if (form == Form::jump) filter[pc].k = std::min(filter[pc].k, farthest);
    if (!bpf::is_branch(form)) continue;
    filter[pc].jt = static_cast<std::uint8_t>(std::min<std::uint32_t>(filter[pc].jt, farthest));
    filter[pc].jf = static_cast<std::uint8_t>(std::min<std::uint32_t>(filter[pc].jf, farthest));
  }
}

// Ends the program early, with A or with a constant.
bool cut_short(std::vector<Insn>& filter, const FilterStillFails& still_fails) {
  for (std::size_t size = 1; size < filter.size(); size += 1 + size / 4) {
    std::vector<Insn> cut(filter.begin(), filter.begin() + static_cast<std::ptrdiff_t>(size));
    cut_jumps(cut);
    for (const Insn& end : {with_k(Opcode::ret_a, 0), with_k(Opcode::ret_k, 0)}) {
      cut.back() = end;
      if (!still_fails(cut)) continue;
      filter = std::move(cut);
      return true;
    }
  }
  return false;
}

// Simpler forms of an instruction, simplest first. Each is a step down: none has the other among its own.
std::vector<Insn> simpler(const Insn& in) {
  const Form form = form_of(in);
  std::vector<Insn> forms = {with_k(Opcode::ld_imm, 0)};
  if (form == Form::a) forms.push_back(with_k(Opcode::ret_k, 0));
  if (bpf::is_branch(form)) {
    forms.push_back(with_k(Opcode::ja, in.jt));
    forms.push_back(with_k(Opcode::ja, in.jf));
  }
  forms.push_back({in.code, 0, 0, in.k});
  forms.push_back({in.code, 0, in.jf, in.k});
  forms.push_back({in.code, in.jt, 0, in.k});
  std::erase(forms, in);
  return forms;
}

bool simplify(std::vector<Insn>& filter, std::size_t pc, const FilterStillFails& still_fails) {
  const auto accept = [&](const Insn& form) {
    const Insn old = std::exchange(filter[pc], form);
    const bool fails = still_fails(filter);
    if (!fails) filter[pc] = old;
    return fails;
  };
  const auto forms = simpler(filter[pc]);
  if (std::any_of(forms.begin(), forms.end(), accept)) return true;
  std::uint32_t k = filter[pc].k;
  return clear_bits(k, [&](std::uint32_t smaller) {
    Insn in = filter[pc];
    in.k = smaller;
    return accept(in);
  });
}

}  // namespace

ShrinkBudget::ShrinkBudget(const ShrinkLimits& limits)
    : left_(limits.max_questions),
      deadline_(Clock::now() +
                std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(limits.max_seconds))) {}

bool ShrinkBudget::is_spent() {
  if (left_ > 0 && Clock::now() > deadline_) left_ = 0;
  return left_ == 0;
}

std::vector<Insn> without(const std::vector<Insn>& program, std::size_t first, std::size_t count) {
  const auto moved = [&](std::size_t pc) { return pc < first ? pc : pc < first + count ? first : pc - count; };
  std::vector<Insn> kept;
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    if (pc >= first && pc < first + count) continue;
    Insn in = program[pc];
    const auto distance = [&](std::size_t old) { return moved(pc + 1 + old) - moved(pc) - 1; };
    const Form form = form_of(in);
    if (form == Form::jump && in.k < program.size()) in.k = static_cast<std::uint32_t>(distance(in.k));
    if (bpf::is_branch(form)) {
      in.jt = static_cast<std::uint8_t>(distance(in.jt));
      in.jf = static_cast<std::uint8_t>(distance(in.jf));
    }
    kept.push_back(in);
  }
  return kept;
}

bool shrink_once(std::vector<Insn>& filter, const FilterStillFails& still_fails) {
  bool smaller = cut_short(filter, still_fails);
  smaller |= drop_runs(filter, still_fails);
  for (std::size_t pc = 0; pc < filter.size(); ++pc) smaller |= simplify(filter, pc, still_fails);
  return smaller;
}

std::vector<Insn> shrink(std::vector<Insn> filter, const FilterStillFails& still_fails, const ShrinkLimits& limits) {
  ShrinkBudget budget(limits);
  const FilterStillFails ask = [&](std::span<const Insn> candidate) {
    if (budget.is_spent()) return false;
    budget.spend();
    return still_fails(candidate);
  };
  while (shrink_once(filter, ask)) {
  }
  return filter;
}

}  // namespace callgate::oracles
