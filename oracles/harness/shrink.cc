#include "oracles/harness/shrink.h"

#include <algorithm>
#include <chrono>

#include "bpf/opcode.h"
#include "oracles/generator/draft.h"
#include "verifier/verify.h"

namespace callgate::oracles {
namespace {

using bpf::Opcode;
using Clock = std::chrono::steady_clock;

class Shrinker {
 public:
  Shrinker(Failing failing, const StillFails& still_fails, const ShrinkLimits& limits)
      : best_(std::move(failing)),
        still_fails_(still_fails),
        left_(limits.max_questions),
        deadline_(Clock::now() +
                  std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(limits.max_seconds))) {}

  Failing run() {
    for (bool smaller = true; smaller && left_ > 0;) {
      smaller = drop_filters();
      for (std::size_t i = 0; i < best_.filters.size(); ++i) smaller |= shrink_filter(i);
      smaller |= shrink_input();
    }
    return std::move(best_);
  }

 private:
  // Takes `candidate` if it is valid and still fails.
  bool accept(Failing candidate) {
    if (left_ > 0 && Clock::now() > deadline_) left_ = 0;
    if (left_ == 0) return false;
    for (const auto& filter : candidate.filters) {
      if (verifier::check(filter)) return false;
    }
    --left_;
    if (!still_fails_(candidate)) return false;
    best_ = std::move(candidate);
    return true;
  }

  bool accept_filter(std::size_t i, std::vector<Insn> filter) {
    if (filter == best_.filters[i]) return false;
    Failing candidate = best_;
    candidate.filters[i] = std::move(filter);
    return accept(std::move(candidate));
  }

  bool accept_insn(std::size_t i, std::size_t pc, const Insn& insn) {
    std::vector<Insn> filter = best_.filters[i];
    filter[pc] = insn;
    return accept_filter(i, std::move(filter));
  }

  bool drop_filters() {
    bool smaller = false;
    for (std::size_t i = best_.filters.size(); i-- > 0 && best_.filters.size() > 1;) {
      Failing candidate = best_;
      candidate.filters.erase(candidate.filters.begin() + static_cast<std::ptrdiff_t>(i));
      smaller |= accept(std::move(candidate));
    }
    return smaller;
  }

  bool shrink_filter(std::size_t i) {
    bool smaller = cut_short(i);
    smaller |= drop_instructions(i);
    for (std::size_t pc = 0; pc < best_.filters[i].size(); ++pc) smaller |= simplify(i, pc);
    return smaller;
  }

  // Ends the program early, with A or with a constant.
  bool cut_short(std::size_t i) {
    bool smaller = false;
    for (std::size_t size = 1; size < best_.filters[i].size() && !smaller; size += 1 + size / 4) {
      for (const Insn& end : {insn({Opcode::ret_a}), insn({Opcode::ret_k, 0})}) {
        std::vector<Insn> filter(best_.filters[i].begin(),
                                 best_.filters[i].begin() + static_cast<std::ptrdiff_t>(size));
        cut_jumps(filter);
        filter.back() = end;
        if (accept_filter(i, std::move(filter))) {
          smaller = true;
          break;
        }
      }
    }
    return smaller;
  }

  static void cut_jumps(std::vector<Insn>& filter) {
    for (std::size_t pc = 0; pc + 1 < filter.size(); ++pc) {
      const auto farthest = static_cast<std::uint32_t>(filter.size() - pc - 2);
      const bpf::Form form = bpf::find_opcode(filter[pc].code)->form;
      if (form == bpf::Form::jump) filter[pc].k = std::min(filter[pc].k, farthest);
      if (!bpf::is_branch(form)) continue;
      filter[pc].jt = static_cast<std::uint8_t>(std::min<std::uint32_t>(filter[pc].jt, farthest));
      filter[pc].jf = static_cast<std::uint8_t>(std::min<std::uint32_t>(filter[pc].jf, farthest));
    }
  }

  // Halves first, then smaller and smaller pieces.
  bool drop_instructions(std::size_t i) {
    bool smaller = false;
    for (std::size_t count = best_.filters[i].size() / 2; count > 0; count /= 2) {
      for (std::size_t first = 0; first + count <= best_.filters[i].size();) {
        if (accept_filter(i, without(best_.filters[i], first, count))) {
          smaller = true;
        } else {
          first += count;
        }
      }
    }
    return smaller;
  }

  bool simplify(std::size_t i, std::size_t pc) {
    bool smaller = false;
    const Insn in = best_.filters[i][pc];
    const bpf::Form form = bpf::find_opcode(in.code)->form;
    if (bpf::is_branch(form)) {
      smaller |= accept_insn(i, pc, insn({Opcode::ja, in.jt})) || accept_insn(i, pc, insn({Opcode::ja, in.jf}));
      if (smaller) return true;
      smaller |= in.jt > 0 && accept_insn(i, pc, {in.code, 0, in.jf, in.k});
      smaller |= best_.filters[i][pc].jf > 0 && accept_insn(i, pc, {in.code, best_.filters[i][pc].jt, 0, in.k});
    }
    if (form == bpf::Form::a) smaller |= accept_insn(i, pc, insn({Opcode::ret_k, 0}));
    if (form == bpf::Form::imm || form == bpf::Form::branch_imm || form == bpf::Form::jump) smaller |= shrink_k(i, pc);
    return smaller;
  }

  bool shrink_k(std::size_t i, std::size_t pc) {
    return shrink_value(best_.filters[i][pc].k, [&](std::uint64_t k) {
      Insn in = best_.filters[i][pc];
      in.k = static_cast<std::uint32_t>(k);
      return accept_insn(i, pc, in);
    });
  }

  bool shrink_input() {
    bool smaller = false;
    const auto each = [&](auto member) {
      smaller |= shrink_value(member(best_.input), [&](std::uint64_t value) {
        Failing candidate = best_;
        auto& field = member(candidate.input);
        field = static_cast<std::remove_reference_t<decltype(field)>>(value);
        return accept(std::move(candidate));
      });
    };
    each([](SeccompData& data) -> std::uint32_t& { return data.nr; });
    each([](SeccompData& data) -> std::uint32_t& { return data.arch; });
    each([](SeccompData& data) -> std::uint64_t& { return data.instruction_pointer; });
    for (std::size_t i = 0; i < 6; ++i) each([i](SeccompData& data) -> std::uint64_t& { return data.args[i]; });
    return smaller;
  }

  // Tries 0, then one bit less at a time, from the top.
  template <class Try>
  static bool shrink_value(std::uint64_t value, const Try& attempt) {
    if (value == 0) return false;
    if (attempt(0)) return true;
    bool smaller = false;
    for (std::uint64_t bit = std::uint64_t{1} << 63; bit != 0; bit >>= 1) {
      if ((value & bit) == 0 || value == bit || !attempt(value & ~bit)) continue;
      value &= ~bit;
      smaller = true;
    }
    return smaller;
  }

  Failing best_;
  const StillFails& still_fails_;
  std::uint32_t left_;  // questions that may still be asked
  Clock::time_point deadline_;
};

}  // namespace

std::vector<Insn> without(const std::vector<Insn>& program, std::size_t first, std::size_t count) {
  const auto moved = [&](std::size_t pc) { return pc < first ? pc : pc < first + count ? first : pc - count; };
  std::vector<Insn> kept;
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    if (pc >= first && pc < first + count) continue;
    Insn in = program[pc];
    const auto distance = [&](std::size_t old) { return moved(pc + 1 + old) - moved(pc) - 1; };
    const bpf::Form form = bpf::find_opcode(in.code)->form;
    if (form == bpf::Form::jump) in.k = static_cast<std::uint32_t>(distance(in.k));
    if (bpf::is_branch(form)) {
      in.jt = static_cast<std::uint8_t>(distance(in.jt));
      in.jf = static_cast<std::uint8_t>(distance(in.jf));
    }
    kept.push_back(in);
  }
  return kept;
}

Failing shrink(Failing failing, const StillFails& still_fails, const ShrinkLimits& limits) {
  return Shrinker(std::move(failing), still_fails, limits).run();
}

}  // namespace callgate::oracles
