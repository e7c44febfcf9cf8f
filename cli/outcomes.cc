// Follows filters with known bits: a value is its bits and which of them are not known (Regehr, Duongsaa: "Deriving
// abstract transfer functions for analyzing embedded software"). A branch that the known bits do not decide is followed
// both ways. Example: of openat's flags strace shows all, of its path nothing:
//
//   ld args[2].lo ; jset #0x40, 0, 1 ; ret ERRNO ; ret ALLOW      one outcome: the word that is loaded is known
//   ld args[1].lo ; jeq #0x1000, 0, 1 ; ret ERRNO ; ret ALLOW     two
#include "cli/outcomes.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "bpf/opcode.h"
#include "callgate/action.hpp"

namespace callgate::cli {
namespace {

constexpr std::size_t word_count = sizeof(SeccompData) / 4;
constexpr std::size_t most_steps = 50'000;  // of one filter

struct Word {
  std::uint32_t bits = 0;  // 0 where they are unknown
  std::uint32_t unknown = 0;

  bool is_known() const { return unknown == 0; }
  std::uint32_t smallest() const { return bits; }
  std::uint32_t largest() const { return bits | unknown; }
};

constexpr Word anything{0, ~std::uint32_t{0}};

using Words = std::array<Word, word_count>;

Words input_of(const SeccompData& data, const SeccompData& unknown) {
  std::uint32_t bits[word_count];
  std::uint32_t masks[word_count];
  std::memcpy(bits, &data, sizeof bits);
  std::memcpy(masks, &unknown, sizeof masks);
  Words input;
  for (std::size_t i = 0; i < word_count; ++i) input[i] = {bits[i] & ~masks[i], masks[i]};
  return input;
}

// The classes and operations of classic BPF (linux/bpf_common.h).
enum Class : std::uint16_t { class_ld, class_ldx, class_st, class_stx, class_alu, class_jmp, class_ret, class_misc };
enum Alu : std::uint16_t {
  add = 0x00,
  sub = 0x10,
  mul = 0x20,
  div = 0x30,
  or_ = 0x40,
  and_ = 0x50,
  lsh = 0x60,
  rsh = 0x70,
  neg = 0x80,
  xor_ = 0xa0
};
enum Jump : std::uint16_t { always = 0x00, equal = 0x10, greater = 0x20, greater_equal = 0x30, set = 0x40 };
enum Mode : std::uint16_t { mode_imm = 0x00, mode_abs = 0x20, mode_mem = 0x60, mode_len = 0x80 };
constexpr std::uint16_t class_bits = 0x07;
constexpr std::uint16_t operation_bits = 0xf0;
constexpr std::uint16_t mode_bits = 0xe0;
constexpr std::uint16_t x_bit = 0x08;  // the operand is X, not k

std::uint32_t alu(std::uint16_t operation, std::uint32_t a, std::uint32_t b) {
  switch (operation) {
    case add: return a + b;
    case sub: return a - b;
    case mul: return a * b;
    case div: return a / b;
    case lsh: return a << (b & 31);
    case rsh: return a >> (b & 31);
    case neg: return 0 - a;
    default: return a;
  }
}

// The divisor is not known to be 0; that it may be is the caller's.
Word alu(std::uint16_t operation, Word a, Word b) {
  switch (operation) {
    case or_: {
      const std::uint32_t ones = a.bits | b.bits;
      return {ones, (a.unknown | b.unknown) & ~ones};
    }
    case and_: {
      const std::uint32_t maybe = a.largest() & b.largest();
      const std::uint32_t ones = a.bits & b.bits;
      return {ones, maybe & ~ones};
    }
    case xor_: {
      const std::uint32_t unknown = a.unknown | b.unknown;
      return {(a.bits ^ b.bits) & ~unknown, unknown};
    }
    default: break;
  }
  const bool is_shift = operation == lsh || operation == rsh;
  if (b.is_known() && is_shift) return {alu(operation, a.bits, b.bits), alu(operation, a.unknown, b.bits)};
  if (a.is_known() && (b.is_known() || operation == neg)) return {alu(operation, a.bits, b.bits), 0};
  return anything;
}

// Whether the branch is taken; empty if either is possible.
std::optional<bool> decide(std::uint16_t jump, Word a, Word b) {
  switch (jump) {
    case equal:
      if (((a.bits ^ b.bits) & ~(a.unknown | b.unknown)) != 0) return false;
      if (a.is_known() && b.is_known()) return true;
      return std::nullopt;
    case greater:
      if (a.smallest() > b.largest()) return true;
      if (a.largest() <= b.smallest()) return false;
      return std::nullopt;
    case greater_equal:
      if (a.smallest() >= b.largest()) return true;
      if (a.largest() < b.smallest()) return false;
      return std::nullopt;
    case set:
      if ((a.bits & b.bits) != 0) return true;
      if ((a.largest() & b.largest()) == 0) return false;
      return std::nullopt;
    default: return true;
  }
}

constexpr std::size_t not_loaded = word_count;

struct State {
  std::uint32_t pc = 0;
  Word a;
  Word x;
  std::array<Word, scratch_slots> scratch{};
  Words input;
  std::size_t a_is = not_loaded;  // the word of the input that A holds as it is
};

// What A is known to be behind a branch that was not decided.
void learn(State& state, std::uint16_t jump, Word with, bool taken) {
  if (jump == equal && taken && with.is_known()) {
    state.a = with;
  } else if (jump == set && !taken && with.is_known()) {
    state.a.unknown &= ~with.bits;
  } else {
    return;
  }
  if (state.a_is != not_loaded) state.input[state.a_is] = state.a;
}

using Ends = std::set<std::pair<std::uint32_t, std::uint32_t>>;  // result, instruction

class Walk {
 public:
  explicit Walk(std::span<const Insn> program) : program_(program) {}

  // False if there are too many paths. A result that is not known in whole counts as too many.
  bool run(const Words& input) {
    State first;
    first.input = input;
    paths_.push_back(first);
    while (!paths_.empty()) {
      State state = paths_.back();
      paths_.pop_back();
      while (step(state)) {
        if (++steps_ > most_steps) return false;
      }
      if (is_lost_) return false;
    }
    return true;
  }

  const Ends& ends() const { return ends_; }

 private:
  // False at the end of the path.
  bool step(State& state) {
    const std::uint32_t at = state.pc++;
    const Insn& insn = program_[at];
    const Word operand = (insn.code & x_bit) != 0 ? state.x : Word{insn.k, 0};
    switch (insn.code & class_bits) {
      case class_ld: load_a(state, insn); return true;
      case class_ldx: state.x = value_of(state, insn); return true;
      case class_st: state.scratch[insn.k] = state.a; return true;
      case class_stx: state.scratch[insn.k] = state.x; return true;
      case class_misc: move(state, insn); return true;
      case class_alu: return compute(state, insn.code & operation_bits, operand, at);
      case class_jmp: jump(state, insn, operand); return true;
      default: break;
    }
    end(bpf::opcode_of(insn) == bpf::Opcode::ret_a ? state.a : Word{insn.k, 0}, at);
    return false;
  }

  static Word value_of(const State& state, const Insn& insn) {
    switch (insn.code & mode_bits) {
      case mode_abs: return state.input[insn.k / 4];
      case mode_mem: return state.scratch[insn.k];
      case mode_len: return {sizeof(SeccompData), 0};
      default: return {insn.k, 0};
    }
  }

  static void load_a(State& state, const Insn& insn) {
    state.a = value_of(state, insn);
    state.a_is = (insn.code & mode_bits) == mode_abs ? insn.k / 4 : not_loaded;
  }

  static void move(State& state, const Insn& insn) {
    if (bpf::opcode_of(insn) == bpf::Opcode::tax) {
      state.x = state.a;
    } else {
      state.a = state.x;
      state.a_is = not_loaded;
    }
  }

  bool compute(State& state, std::uint16_t operation, Word operand, std::uint32_t at) {
    if (operation == div) {
      if (operand.smallest() == 0) end({0, 0}, at);  // the kernel ends a filter that divides by 0 with 0
      if (operand.largest() == 0) return false;
    }
    state.a = alu(operation, state.a, operand);
    state.a_is = not_loaded;
    return true;
  }

  void jump(State& state, const Insn& insn, Word with) {
    const std::uint16_t operation = insn.code & operation_bits;
    if (operation == always) {
      state.pc += insn.k;
      return;
    }
    const std::optional<bool> taken = decide(operation, state.a, with);
    if (!taken) {
      State other = state;
      other.pc += insn.jf;
      learn(other, operation, with, false);
      paths_.push_back(other);
      learn(state, operation, with, true);
    }
    state.pc += taken.value_or(true) ? insn.jt : insn.jf;
  }

  void end(Word result, std::uint32_t at) {
    is_lost_ |= !result.is_known();
    ends_.emplace(result.bits, at);
  }

  std::span<const Insn> program_;
  std::vector<State> paths_;
  std::size_t steps_ = 0;
  bool is_lost_ = false;
  Ends ends_;
};

// As the library merges the results of filters: newest first, a tie keeps the newer one.
class Merge {
 public:
  explicit Merge(MergeRule rule) : rule_(rule) {}

  // False once every outcome is final.
  bool take(const Ends& ends, std::uint32_t filter) {
    std::set<Outcome> next;
    for (const Outcome& current : open_) {
      for (const auto& [result, instruction] : ends) next.insert(merged(current, {result, filter, instruction}));
    }
    open_.clear();
    for (const Outcome& outcome : next) {
      const bool goes_on = rule_ == MergeRule::most_restrictive || action_of(outcome.result) == action::allow;
      (goes_on ? open_ : final_).insert(outcome);
    }
    return !open_.empty();
  }

  std::vector<Outcome> finish() {
    final_.insert(open_.begin(), open_.end());
    return {final_.begin(), final_.end()};
  }

 private:
  Outcome merged(const Outcome& current, const Outcome& next) const {
    if (rule_ == MergeRule::most_restrictive) return is_stricter(next.result, current.result) ? next : current;
    return action_of(next.result) == action::allow ? current : next;
  }

  MergeRule rule_;
  std::set<Outcome> open_{{action::allow, std::nullopt, std::nullopt}};  // so far; older filters may change them
  std::set<Outcome> final_;
};

}  // namespace

std::vector<Outcome> possible_outcomes(std::span<const Program> oldest_first, MergeRule rule, const SeccompData& data,
                                       const SeccompData& unknown) {
  const Words input = input_of(data, unknown);
  Merge merge(rule);
  for (std::size_t i = oldest_first.size(); i > 0; --i) {
    Walk walk(oldest_first[i - 1].instructions());
    if (!walk.run(input)) return {};
    if (!merge.take(walk.ends(), static_cast<std::uint32_t>(i - 1))) break;
  }
  return merge.finish();
}

}  // namespace callgate::cli
