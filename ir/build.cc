// Forward: which combinations of values reach each instruction. Backward: the node that each of them stands for.
// Jumps only go forward, so one loop over the instructions does each.
#include "ir/build.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <vector>

#include "bpf/opcode.h"
#include "ir/fold.h"
#include "ir/liveness.h"

namespace callgate::ir {
namespace {

using bpf::Opcode;

constexpr ExprId dead{0xffffffff};
constexpr std::uint32_t no_state = 0xffffffff;

// The values of the scratch slots; few programs have any that live.
struct Scratch {
  std::array<ExprId, scratch_slots> values;

  bool operator==(const Scratch&) const = default;
  std::uint32_t hash() const {
    std::uint32_t h = 0;
    for (const ExprId value : values) h = mix(h, value.index(), 0);
    return h;
  }
};

// The values on arrival at an instruction. Variables that nothing reads any more are `dead`, so that paths which differ
// only in them become one state.
struct Values {
  ExprId a;
  ExprId x;
  std::uint32_t scratch;  // number of an interned Scratch; 0 is the one with only dead values

  bool operator==(const Values&) const = default;
};

struct State {
  Values values;
  NodeId node = {};  // filled in by the backward loop
  std::uint32_t successor[2] = {};
  std::uint32_t other = no_state;  // the next state at the same instruction
};

template <bpf::Dialect D>
class Builder {
 public:
  Builder(Graph& graph, const Program& program, const Sequence& sequence, std::uint32_t filter, const FixedWords& fixed)
      : sequence_(sequence),
        filter_(filter),
        insns_(program.instructions()),
        fixed_(fixed),
        live_(live_before(program)),
        first_(insns_.size(), no_state),
        graph_(graph) {
    states_.reserve(insns_.size() + 16);
    const std::size_t branches = branch_count();  // each of them makes a node and a constant
    // Less than what is there comes by growing, which is rarer.
    if (branches >= graph_.node_count()) graph_.reserve(branches, branches);
  }

  std::optional<NodeId> run() {
    if (!forward()) return std::nullopt;
    for (std::size_t pc = insns_.size(); pc-- > 0;) {
      for (std::uint32_t id = first_[pc]; id != no_state; id = states_[id].other) {
        states_[id].node = node_of(insns_[pc], static_cast<std::uint32_t>(pc), states_[id]);
      }
    }
    return states_[first_[0]].node;
  }

 private:
  std::size_t branch_count() const {
    return static_cast<std::size_t>(std::ranges::count_if(insns_, [](const Insn& insn) { return insn.jt != insn.jf; }));
  }

  bool forward() {
    Scratch none;
    none.values.fill(dead);
    [[maybe_unused]] const std::uint32_t number = scratches_.intern(none);
    assert(number == 0);
    const ExprId a = graph_.constant(D::initial_a);
    const ExprId x = graph_.constant(D::initial_x);
    arrive(0, {a, x, 0});
    for (std::uint32_t pc = 0; pc < insns_.size(); ++pc) {
      for (std::uint32_t id = first_[pc]; id != no_state; id = states_[id].other) {
        if (!leave(pc, id)) return false;
      }
    }
    return true;
  }

  bool leave(std::uint32_t pc, std::uint32_t id) {
    const Insn& insn = insns_[pc];
    Values values = states_[id].values;
    const Successors next = successors_of(insn, pc);
    if (next.count == 1 && !execute(insn, values)) return false;  // branches and returns change nothing
    for (std::uint32_t i = 0; i < next.count; ++i) {
      const auto state = arrive(next.at[i], values);
      if (!state) return false;
      states_[id].successor[i] = *state;
    }
    return true;
  }

  // The state at `pc` that has these values; empty if there are too many.
  std::optional<std::uint32_t> arrive(std::uint32_t pc, Values values) {
    const Variables live = live_[pc];
    if ((live & bit(variable_a)) == 0) values.a = dead;
    if ((live & bit(variable_x)) == 0) values.x = dead;
    if (values.scratch != 0) values.scratch = only_live(values.scratch, live);
    std::uint32_t count = 0;
    for (std::uint32_t id = first_[pc]; id != no_state; id = states_[id].other, ++count) {
      if (states_[id].values == values) return id;
    }
    if (count == max_states_per_insn) return std::nullopt;
    states_.push_back({values, {}, {}, first_[pc]});
    return first_[pc] = static_cast<std::uint32_t>(states_.size() - 1);
  }

  std::uint32_t only_live(std::uint32_t id, Variables live) {
    Scratch scratch = scratches_[id];
    for (std::uint32_t slot = 0; slot < scratch_slots; ++slot) {
      if ((live & bit(slot)) == 0) scratch.values[slot] = dead;
    }
    return scratches_.intern(scratch);
  }

  void store(Values& values, std::uint32_t slot, ExprId value) {
    Scratch scratch = scratches_[values.scratch];
    scratch.values[slot] = value;
    values.scratch = scratches_.intern(scratch);
  }

  // Changes `values` as an instruction does that neither branches nor returns. False if an expression grows too large.
  bool execute(const Insn& insn, Values& values) {
    ExprId& a = values.a;
    ExprId& x = values.x;
    switch (bpf::opcode_of(insn)) {
      case Opcode::ld_imm: a = graph_.constant(insn.k); return true;
      case Opcode::ld_abs: a = load(insn.k); return true;
      case Opcode::ld_len: a = graph_.constant(graph_.input().bytes); return true;
      case Opcode::ld_mem: a = scratches_[values.scratch].values[insn.k]; return true;
      case Opcode::ldx_imm: x = graph_.constant(insn.k); return true;
      case Opcode::ldx_len: x = graph_.constant(graph_.input().bytes); return true;
      case Opcode::ldx_mem: x = scratches_[values.scratch].values[insn.k]; return true;
      case Opcode::st: store(values, insn.k, a); return true;
      case Opcode::stx: store(values, insn.k, x); return true;
      case Opcode::tax: x = a; return true;
      case Opcode::txa: a = x; return true;
      case Opcode::neg: a = fold_expr(graph_, Op::neg, a); return fits(a);
      case Opcode::add_k: return operate(a, Op::add, graph_.constant(insn.k));
      case Opcode::add_x: return operate(a, Op::add, x);
      case Opcode::sub_k: return operate(a, Op::sub, graph_.constant(insn.k));
      case Opcode::sub_x: return operate(a, Op::sub, x);
      case Opcode::mul_k: return operate(a, Op::mul, graph_.constant(insn.k));
      case Opcode::mul_x: return operate(a, Op::mul, x);
      case Opcode::div_k: return operate(a, Op::div, graph_.constant(insn.k));
      case Opcode::div_x: return operate(a, Op::div, x);
      case Opcode::or_k: return operate(a, Op::or_, graph_.constant(insn.k));
      case Opcode::or_x: return operate(a, Op::or_, x);
      case Opcode::and_k: return operate(a, Op::and_, graph_.constant(insn.k));
      case Opcode::and_x: return operate(a, Op::and_, x);
      case Opcode::xor_k: return operate(a, Op::xor_, graph_.constant(insn.k));
      case Opcode::xor_x: return operate(a, Op::xor_, x);
      case Opcode::lsh_k: return operate(a, Op::lsh, graph_.constant(insn.k));
      case Opcode::lsh_x: return operate(a, Op::lsh, x);
      case Opcode::rsh_k: return operate(a, Op::rsh, graph_.constant(insn.k));
      case Opcode::rsh_x: return operate(a, Op::rsh, x);
      case Opcode::ja: return true;
      // LCOV_EXCL_START: branches and returns, see leave()
      case Opcode::jeq_k:
      case Opcode::jeq_x:
      case Opcode::jgt_k:
      case Opcode::jgt_x:
      case Opcode::jge_k:
      case Opcode::jge_x:
      case Opcode::jset_k:
      case Opcode::jset_x:
      case Opcode::ret_k:
      case Opcode::ret_a:
        break;
        // LCOV_EXCL_STOP
    }
    return false;  // LCOV_EXCL_LINE: the program then has no graph
  }

  bool operate(ExprId& a, Op op, ExprId rhs) {
    a = fold_expr(graph_, op, a, rhs);
    return fits(a);
  }

  bool fits(ExprId id) const { return graph_.expr_at(id).size <= max_expr_size; }

  ExprId load(std::uint32_t offset) {
    const auto& word = fixed_[offset / 4];
    return word ? graph_.constant(*word) : graph_.load(offset);
  }

  NodeId node_of(const Insn& insn, std::uint32_t pc, const State& state) {
    const Source source{filter_, pc};
    const Opcode op = bpf::opcode_of(insn);
    const Successors next = successors_of(insn, pc);
    const auto successor = [&](std::uint32_t i) { return states_[state.successor[i]].node; };
    const ExprId a = state.values.a;
    const ExprId x = state.values.x;
    if (op == Opcode::ret_k) return result(insn.k, source);
    if (op == Opcode::ret_a) return result_of(a, source);
    if (op == Opcode::div_x) {
      const ExprId zero = graph_.constant(0);  // one statement each: argument order differs by compiler
      const NodeId ends = graph_.leaf(D::early_end, source);
      return fold_test(graph_, Compare::equal, x, zero, ends, successor(0), source);
    }
    if (next.count == 1) return successor(0);
    const bool with_x = D::find_opcode(insn.code)->form == bpf::Form::branch_x;
    const ExprId rhs = with_x ? x : graph_.constant(insn.k);
    return fold_test(graph_, compare_of(op), a, rhs, successor(0), successor(1), source);
  }

  NodeId result(std::uint32_t value, Source source) {
    return graph_.leaf(sequence_.lets_go_on(value) ? sequence_.goes_on : value, source);
  }

  NodeId result_of(ExprId value, Source source) {
    if (graph_.is_constant(value)) return result(graph_.constant_value(value), source);
    const ExprId action = fold_expr(graph_, Op::and_, value, graph_.constant(sequence_.action_mask));
    const NodeId goes_on = graph_.leaf(sequence_.goes_on, source);  // one statement each, as above
    const NodeId other = graph_.computed_leaf(value, source);
    return fold_test(graph_, Compare::equal, action, graph_.constant(sequence_.goes_on), goes_on, other, source);
  }

  const Sequence& sequence_;
  std::uint32_t filter_;
  std::span<const Insn> insns_;
  const FixedWords& fixed_;
  std::vector<Variables> live_;
  std::vector<std::uint32_t> first_;  // by instruction: a state there, no_state where nothing arrives
  std::vector<State> states_;
  Interner<Scratch> scratches_;
  Graph& graph_;
};

}  // namespace

template <bpf::Dialect D>
std::optional<NodeId> build(Graph& graph, const Program& program, const Sequence& sequence, std::uint32_t filter,
                            const FixedWords& fixed) {
  return Builder<D>(graph, program, sequence, filter, fixed).run();
}

template std::optional<NodeId> build<bpf::Seccomp>(Graph&, const Program&, const Sequence&, std::uint32_t,
                                                   const FixedWords&);

}  // namespace callgate::ir
