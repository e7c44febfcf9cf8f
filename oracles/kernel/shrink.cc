#include "oracles/kernel/shrink.h"

#include <algorithm>

#include "bpf/opcode.h"

namespace callgate::kernel {
namespace {

using bpf::Form;

// The distance of a jump from `pc` after the instructions [first, first + count) are gone.
std::uint32_t shortened(std::uint32_t distance, std::size_t pc, std::size_t first, std::size_t count) {
  const std::size_t from = pc + 1;
  const std::size_t to = from + distance;
  if (from >= first + count || to <= first) return distance;
  return static_cast<std::uint32_t>(distance - (std::min(to, first + count) - std::max(from, first)));
}

// The filter without the instructions [first, first + count). Jumps over them become shorter, jumps into them end
// behind them.
std::vector<Insn> without(const std::vector<Insn>& filter, std::size_t first, std::size_t count) {
  std::vector<Insn> rest;
  for (std::size_t pc = 0; pc < filter.size(); ++pc) {
    if (pc >= first && pc < first + count) continue;
    Insn in = filter[pc];
    const bpf::OpcodeInfo* info = bpf::find_opcode(in.code);
    if (info != nullptr && info->form == Form::jump) {
      if (in.k < filter.size()) in.k = shortened(in.k, pc, first, count);
    } else if (info != nullptr && bpf::is_branch(info->form)) {
      in.jt = static_cast<std::uint8_t>(shortened(in.jt, pc, first, count));
      in.jf = static_cast<std::uint8_t>(shortened(in.jf, pc, first, count));
    }
    rest.push_back(in);
  }
  return rest;
}

// Simpler forms of an instruction, simplest first.
std::vector<Insn> simpler(const Insn& in) {
  std::vector<Insn> forms;
  const auto add = [&](Insn form) {
    if (form != in) forms.push_back(form);
  };
  add({0x00, 0, 0, 0});  // ld #0
  add({in.code, 0, 0, in.k});
  add({in.code, 0, in.jf, in.k});
  add({in.code, in.jt, 0, in.k});
  for (const std::uint32_t k : {0u, 1u, in.k & 0xff, in.k & 0xffff, in.k & (in.k - 1), in.k & 0x80000000}) {
    if (k < in.k) add({in.code, in.jt, in.jf, k});
  }
  return forms;
}

class Shrinker {
 public:
  Shrinker(std::vector<Insn> filter, const StillDiffers& still_differs, std::size_t tries)
      : filter_(std::move(filter)), still_differs_(still_differs), tries_(tries) {}

  std::vector<Insn> run() {
    while (tries_ > 0 && (leave_out() || simplify())) {
    }
    return std::move(filter_);
  }

 private:
  bool take_if_it_differs(std::vector<Insn> candidate) {
    if (tries_ == 0 || candidate.empty()) return false;
    --tries_;
    if (!still_differs_(candidate)) return false;
    filter_ = std::move(candidate);
    return true;
  }

  bool leave_out() {
    bool any = false;
    for (std::size_t run = filter_.size() / 2; run > 0; run /= 2) {
      for (std::size_t first = 0; first + run <= filter_.size();) {
        if (take_if_it_differs(without(filter_, first, run))) {
          any = true;
        } else {
          first += run;
        }
      }
    }
    return any;
  }

  bool simplify() {
    bool any = false;
    for (std::size_t pc = 0; pc < filter_.size(); ++pc) {
      for (const Insn& form : simpler(filter_[pc])) {
        std::vector<Insn> candidate = filter_;
        candidate[pc] = form;
        if (!take_if_it_differs(std::move(candidate))) continue;
        any = true;
        break;
      }
    }
    return any;
  }

  std::vector<Insn> filter_;
  const StillDiffers& still_differs_;
  std::size_t tries_;
};

}  // namespace

std::vector<Insn> shrink(std::vector<Insn> filter, const StillDiffers& still_differs, std::size_t tries) {
  return Shrinker(std::move(filter), still_differs, tries).run();
}

}  // namespace callgate::kernel
