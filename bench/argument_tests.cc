#include "bench/argument_tests.h"

#include <array>
#include <cstddef>

#include "bpf/opcode.h"

namespace callgate::bench {
namespace {

using bpf::Opcode;

// What is known of a register: a constant, bits of an argument's half, or nothing.
struct Value {
  enum class Kind : std::uint8_t { constant, word, unknown } kind = Kind::unknown;
  std::uint32_t k = 0;  // the constant, or which word
  std::uint32_t mask = 0xffffffff;
  std::uint32_t shift = 0;

  bool operator==(const Value&) const = default;
};

Value constant(std::uint32_t k) { return {Value::Kind::constant, k}; }

struct State {
  Value a = constant(0);
  Value x = constant(0);
  std::array<Value, 16> memory{};

  bool operator==(const State&) const = default;
};

void merge(Value& into, const Value& other) {
  if (!(into == other)) into = {};
}

// What both say. Filters load again what they need behind a join, so little is lost.
void merge(std::optional<State>& into, const State& other) {
  if (!into) {
    into = other;
    return;
  }
  merge(into->a, other.a);
  merge(into->x, other.x);
  for (std::size_t i = 0; i < into->memory.size(); ++i) merge(into->memory[i], other.memory[i]);
}

std::optional<std::uint32_t> folded(Opcode opcode, std::uint32_t a, std::uint32_t b) {
  switch (opcode) {
    case Opcode::add_k:
    case Opcode::add_x: return a + b;
    case Opcode::sub_k:
    case Opcode::sub_x: return a - b;
    case Opcode::and_k:
    case Opcode::and_x: return a & b;
    case Opcode::or_k:
    case Opcode::or_x: return a | b;
    case Opcode::xor_k:
    case Opcode::xor_x: return a ^ b;
    case Opcode::lsh_k:
    case Opcode::lsh_x: return a << (b & 31);
    case Opcode::rsh_k:
    case Opcode::rsh_x: return a >> (b & 31);
    default: return std::nullopt;
  }
}

Value arithmetic(Opcode opcode, const Value& a, const Value& b) {
  if (b.kind != Value::Kind::constant) return {};
  if (a.kind == Value::Kind::constant) {
    const auto value = folded(opcode, a.k, b.k);
    return value ? constant(*value) : Value{};
  }
  if (a.kind != Value::Kind::word) return {};
  Value masked = a;
  switch (opcode) {
    case Opcode::and_k:
    case Opcode::and_x: masked.mask &= b.k << a.shift; return masked;
    case Opcode::rsh_k:
    case Opcode::rsh_x:
      masked.shift += b.k & 31;
      if (masked.shift > 31) return {};
      masked.mask &= 0xffffffffU << masked.shift;
      return masked;
    default: return {};
  }
}

std::optional<Comparison> comparison_of(Opcode opcode) {
  switch (opcode) {
    case Opcode::jeq_k:
    case Opcode::jeq_x: return Comparison::equal;
    case Opcode::jgt_k:
    case Opcode::jgt_x: return Comparison::greater;
    case Opcode::jge_k:
    case Opcode::jge_x: return Comparison::greater_or_equal;
    case Opcode::jset_k:
    case Opcode::jset_x: return Comparison::any_bit;
    default: return std::nullopt;
  }
}

bool holds(Comparison comparison, std::uint32_t a, std::uint32_t b) {
  switch (comparison) {
    case Comparison::equal: return a == b;
    case Comparison::greater: return a > b;
    case Comparison::greater_or_equal: return a >= b;
    case Comparison::any_bit: return (a & b) != 0;
  }
  return false;
}

class Follower {
 public:
  Follower(std::span<const Insn> program, std::uint32_t nr, std::uint32_t arch_value)
      : program_(program), nr_(nr), arch_(arch_value), states_(program.size()), steps_(program.size()) {}

  std::vector<ArgumentTest> run() {
    states_[0] = State{};
    for (std::size_t at = 0; at < program_.size(); ++at) {
      if (states_[at]) step(at);
    }
    // Targets lie behind, so from the back every target is known already.
    std::vector<std::optional<std::size_t>> meets(program_.size());  // the next test, counted from the back
    std::vector<ArgumentTest> tests;
    for (std::size_t at = program_.size(); at-- > 0;) {
      if (!states_[at] || steps_[at].is_end) continue;
      Step& step = steps_[at];
      if (!step.test) {
        meets[at] = meets[step.next];
        continue;
      }
      step.test->if_true = meets[step.next];
      step.test->if_false = meets[step.otherwise];
      meets[at] = tests.size();
      tests.push_back(*step.test);
    }
    return in_program_order(tests);
  }

 private:
  struct Step {
    bool is_end = false;
    std::size_t next = 0;
    std::size_t otherwise = 0;  // of a test
    std::optional<ArgumentTest> test;
  };

  static std::vector<ArgumentTest> in_program_order(const std::vector<ArgumentTest>& tests) {
    std::vector<ArgumentTest> ordered(tests.rbegin(), tests.rend());
    for (ArgumentTest& test : ordered) {
      for (std::optional<std::size_t>* const target : {&test.if_true, &test.if_false}) {
        if (*target) *target = tests.size() - 1 - **target;
      }
    }
    return ordered;
  }

  Value word_at(std::uint32_t offset) const {
    switch (offset) {
      case offsetof(SeccompData, nr): return constant(nr_);
      case offsetof(SeccompData, arch): return constant(arch_);
      case offsetof(SeccompData, instruction_pointer):
      case offsetof(SeccompData, instruction_pointer) + 4: return constant(0);
      default: return {Value::Kind::word, static_cast<std::uint32_t>((offset - offsetof(SeccompData, args)) / 4)};
    }
  }

  void go(std::size_t at, std::size_t target, const State& state) {
    steps_[at].next = target;
    merge(states_[target], state);
  }

  void step(std::size_t at) {
    const Insn& insn = program_[at];
    const Opcode opcode = bpf::opcode_of(insn);
    State state = *states_[at];
    switch (opcode) {
      case Opcode::ret_k:
      case Opcode::ret_a: steps_[at].is_end = true; return;
      case Opcode::ja: go(at, at + 1 + insn.k, state); return;
      case Opcode::ld_imm: state.a = constant(insn.k); break;
      case Opcode::ld_abs: state.a = word_at(insn.k); break;
      case Opcode::ld_len: state.a = constant(sizeof(SeccompData)); break;
      case Opcode::ld_mem: state.a = state.memory[insn.k]; break;
      case Opcode::ldx_imm: state.x = constant(insn.k); break;
      case Opcode::ldx_len: state.x = constant(sizeof(SeccompData)); break;
      case Opcode::ldx_mem: state.x = state.memory[insn.k]; break;
      case Opcode::st: state.memory[insn.k] = state.a; break;
      case Opcode::stx: state.memory[insn.k] = state.x; break;
      case Opcode::tax: state.x = state.a; break;
      case Opcode::txa: state.a = state.x; break;
      case Opcode::neg: state.a = {}; break;
      default: {
        const Value operand = (insn.code & 0x08) != 0 ? state.x : constant(insn.k);  // BPF_X
        if (const auto comparison = comparison_of(opcode)) return branch(at, *comparison, state, operand);
        state.a = arithmetic(opcode, state.a, operand);
      }
    }
    go(at, at + 1, state);
  }

  void branch(std::size_t at, Comparison comparison, const State& state, const Value& operand) {
    const std::size_t if_true = at + 1 + program_[at].jt;
    const std::size_t if_false = at + 1 + program_[at].jf;
    const bool is_known = state.a.kind == Value::Kind::constant && operand.kind == Value::Kind::constant;
    if (is_known || if_true == if_false) {
      return go(at, is_known && !holds(comparison, state.a.k, operand.k) ? if_false : if_true, state);
    }
    ArgumentTest test;
    test.comparison = comparison;
    if (state.a.kind == Value::Kind::word && operand.kind == Value::Kind::constant) {
      test.word = state.a.k;
      test.mask = state.a.mask;
      test.shift = state.a.shift;
      test.k = operand.k;
    }
    steps_[at].test = test;
    steps_[at].otherwise = if_false;
    merge(states_[if_false], state);
    go(at, if_true, state);
  }

  std::span<const Insn> program_;
  std::uint32_t nr_;
  std::uint32_t arch_;
  std::vector<std::optional<State>> states_;  // before each instruction that can be reached
  std::vector<Step> steps_;
};

}  // namespace

std::vector<ArgumentTest> argument_tests(const Program& program, std::uint32_t nr, std::uint32_t arch_value) {
  return Follower(program.instructions(), nr, arch_value).run();
}

}  // namespace callgate::bench
