#include "bpf/jump_layout.h"

#include <algorithm>
#include <string>

#include "bpf/opcode.h"

namespace callgate::bpf {
namespace {

constexpr std::int64_t farthest = 0xff;  // what jt and jf hold

Form form_of(const Insn& insn) noexcept {
  const OpcodeInfo* info = find_opcode(insn.code);
  return info == nullptr ? Form::none : info->form;
}

// Which targets of a conditional jump are reached by way of a JA behind it. The bridges stand in this order.
struct Bridges {
  bool taken = false;
  bool not_taken = false;

  std::int64_t count() const noexcept { return (taken ? 1 : 0) + (not_taken ? 1 : 0); }
  friend bool operator==(const Bridges&, const Bridges&) = default;
};

class Layout {
 public:
  Layout(std::span<const Statement> statements, LongJumps long_jumps)
      : statements_(statements), long_jumps_(long_jumps), tail_(statements.size() + 1), bridges_(statements.size()) {}

  // All jumps go forward, so from the back every distance is known when it is needed: bridges that lie between a
  // jump and its target are counted before the jump is looked at, and one pass is exact.
  void choose_bridges() {
    for (std::size_t i = statements_.size(); i-- > 0;) {
      if (long_jumps_ == LongJumps::bridge && is_branch(form_of(statements_[i].insn))) bridges_[i] = choose(i);
      tail_[i] = tail_[i + 1] + 1 + bridges_[i].count();
    }
  }

  Expected<std::vector<Insn>, TextError> emit() const {
    std::vector<Insn> out;
    out.reserve(static_cast<std::size_t>(tail_[0]));
    for (std::size_t i = 0; i < statements_.size(); ++i) {
      const Form form = form_of(statements_[i].insn);
      if (form == Form::jump) {
        out.push_back(jump(statements_[i].insn, distance(i, statements_[i].taken)));
      } else if (is_branch(form)) {
        if (!emit_branch(i, out)) return too_far(i);
      } else {
        out.push_back(statements_[i].insn);
      }
    }
    return out;
  }

 private:
  // Instructions between statement i, without its bridges, and the target.
  std::int64_t distance(std::size_t i, std::uint64_t target) const noexcept {
    const std::size_t end = statements_.size();
    const std::int64_t tail =
        target <= end ? tail_[static_cast<std::size_t>(target)] : -static_cast<std::int64_t>(target - end);
    return tail_[i + 1] - tail;
  }

  // A bridge for one target puts the other one instruction farther away, so this may take a second round.
  Bridges choose(std::size_t i) const noexcept {
    Bridges bridges;
    for (;;) {
      const std::int64_t reach = farthest - bridges.count();
      const Bridges next{bridges.taken || distance(i, statements_[i].taken) > reach,
                         bridges.not_taken || distance(i, statements_[i].not_taken) > reach};
      if (next == bridges) return bridges;
      bridges = next;
    }
  }

  bool emit_branch(std::size_t i, std::vector<Insn>& out) const {
    const Statement& statement = statements_[i];
    const Bridges& bridges = bridges_[i];
    const std::int64_t count = bridges.count();
    const std::int64_t jt = bridges.taken ? 0 : count + distance(i, statement.taken);
    const std::int64_t jf = bridges.not_taken ? count - 1 : count + distance(i, statement.not_taken);
    if (jt > farthest || jf > farthest) return false;
    Insn insn = statement.insn;
    insn.jt = static_cast<std::uint8_t>(jt);
    insn.jf = static_cast<std::uint8_t>(jf);
    out.push_back(insn);
    constexpr Insn ja{static_cast<std::uint16_t>(Opcode::ja), 0, 0, 0};
    if (bridges.taken) out.push_back(jump(ja, count - 1 + distance(i, statement.taken)));
    if (bridges.not_taken) out.push_back(jump(ja, distance(i, statement.not_taken)));
    return true;
  }

  // A target far behind the program may come to lie 2^32 or more away; it must not wrap around into the program.
  static Insn jump(Insn ja, std::int64_t distance) noexcept {
    ja.k = static_cast<std::uint32_t>(std::min<std::int64_t>(distance, 0xffffffff));
    return ja;
  }

  TextError too_far(std::size_t i) const {
    const auto skipped = std::max(distance(i, statements_[i].taken), distance(i, statements_[i].not_taken));
    return {statements_[i].line,
            "the jump skips " + std::to_string(skipped) + " instructions, more than " + std::to_string(farthest)};
  }

  std::span<const Statement> statements_;
  LongJumps long_jumps_;
  std::vector<std::int64_t> tail_;  // instructions from a statement to the end of the program
  std::vector<Bridges> bridges_;
};

}  // namespace

Expected<std::vector<Insn>, TextError> lay_out(std::span<const Statement> statements, LongJumps long_jumps) {
  Layout layout(statements, long_jumps);
  layout.choose_bridges();
  return layout.emit();
}

}  // namespace callgate::bpf
