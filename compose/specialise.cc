#include "compose/specialise.h"

#include <algorithm>
#include <cassert>

#include "compose/number_value.h"
#include "compose/precedence.h"
#include "compose/seccomp.h"
#include "ir/fold.h"

namespace callgate::compose {
namespace {

using Q = Question<std::uint32_t>;

constexpr std::uint32_t all_ones = 0xffffffff;

// What a test asks about: a value, of which facts are kept.
struct Subject {
  ExprId value;
  Q question;
  bool negated = false;  // the test holds when the answer is no
};

// Of two values that are not constant, how they compare: a question about their difference, their common bits, or their
// quotient. (Where the divisor may be 0, nothing divides; what is asked is still the comparison.)
Subject comparison(Graph& graph, Compare compare, ExprId lhs, ExprId rhs) {
  const auto [first, second] = std::minmax(lhs, rhs);
  switch (compare) {
    case Compare::equal: return {graph.expr(Op::sub, first, second), {Compare::equal, all_ones, 0}};
    case Compare::any_bit_set: return {graph.expr(Op::and_, first, second), {Compare::any_bit_set, all_ones, 0}};
    case Compare::greater_equal: return {graph.expr(Op::div, lhs, rhs), {Compare::greater_equal, all_ones, 1}};
    case Compare::greater: break;
  }
  return {graph.expr(Op::div, rhs, lhs), {Compare::greater_equal, all_ones, 1}, true};
}

Subject subject_of_test(Graph& graph, Compare compare, ExprId lhs, ExprId rhs) {
  if (!graph.is_constant(rhs)) return comparison(graph, compare, lhs, rhs);
  const std::uint32_t k = graph.expr_at(rhs).lhs;
  if (compare == Compare::any_bit_set) return {lhs, {compare, k, 0}};
  const ExprId value = subject_of(graph, compare, lhs);
  const std::uint32_t mask = lhs == value ? all_ones : graph.expr_at(graph.expr_at(lhs).rhs).lhs;
  return {value, {compare, mask, k}};
}

}  // namespace

std::uint32_t Environment::facts_of(ExprId value) const {
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (entries_[i].value == value) return entries_[i].facts;
  }
  return 0;
}

void Environment::set(ExprId value, std::uint32_t facts, Support support) {
  std::uint32_t at = 0;
  while (at < count_ && entries_[at].value < value) ++at;
  if (at < count_ && entries_[at].value == value) {
    entries_[at].facts = facts;
  } else if (count_ < capacity && facts != 0) {
    for (std::uint32_t i = count_; i > at; --i) entries_[i] = entries_[i - 1];
    entries_[at] = {value, facts, support};
    ++count_;
  }
}

void Environment::keep(Support support) {
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < count_; ++i) {
    if ((entries_[i].support & support) != 0) entries_[kept++] = entries_[i];
  }
  for (std::uint32_t i = kept; i < count_; ++i) entries_[i] = {};
  count_ = kept;
}

void Specialiser::set_class(std::uint32_t id, std::uint32_t nr, std::uint32_t arch) {
  class_id_ = id;
  number_known_ = true;
  nr_ = nr;
  arch_ = arch;
  class_arch_ = class_nr_ = 0;
}

void Specialiser::set_class(std::uint32_t id, std::optional<std::uint32_t> arch, std::uint32_t low, std::uint32_t high) {
  set_no_class();
  class_id_ = id;
  F arch_facts;
  if (arch) {
    arch_facts = F::exactly(*arch);
  } else {
    for (const std::uint32_t known : {arch::x86_64, arch::x86_32}) {
      arch_facts = arch_facts.after({Compare::equal, all_ones, known}, false);
    }
  }
  class_arch_ = facts_.intern(arch_facts);
  class_nr_ = facts_.intern(F::between(low, high));
}

void Specialiser::set_no_class() {
  class_id_ = 0;
  number_known_ = false;
  class_arch_ = class_nr_ = 0;
}

// What is known about a value: learnt on the path, or given with the class.
std::uint32_t Specialiser::facts_of(const State& state, ExprId subject) const {
  if (const std::uint32_t learnt = state.known.facts_of(subject); learnt != 0) return learnt;
  const Expr& e = graph_.expr_at(subject);
  if (e.op != Op::load || e.lhs > arch_offset) return 0;
  return e.lhs == nr_offset ? class_nr_ : class_arch_;
}

// The value of an expression that depends on nothing but the class. What older filters left of tests on the number was not
// decided by it: they may have been attached for other numbers as well.
std::optional<std::uint32_t> Specialiser::value_in_class(const State& state, ExprId id) const {
  if (number_known_ && !state.in_older) return number_value(graph_, id, nr_, arch_);
  const Expr& e = graph_.expr_at(id);
  return e.op == Op::constant ? std::optional(e.lhs) : std::nullopt;
}

// The expression with the architecture put in; the number is not, so that one graph serves all numbers that are alike.
// Recursion is bounded by the size of an expression.
ExprId Specialiser::with_arch(const State& state, ExprId id) {
  const Expr e = graph_.expr_at(id);
  if (!number_known_ || state.in_older || (e.words & arch_words) == 0) return id;
  if (e.op == Op::load) return graph_.constant(arch_);
  const ExprId lhs = with_arch(state, e.lhs);
  return fold_expr(graph_, e.op, lhs, info(e.op).arity == 2 ? with_arch(state, e.rhs) : 0);
}

void Specialiser::step_into(State& state, NodeId node) const {
  state.node = node;
  forget(state);
}

// Drops from the state what makes no difference below its node.
void Specialiser::forget(State& state) const {
  Support support = graph_.support_below(state.node);
  if (!state.in_older) support |= graph_.support_below(state.older);
  const bool by_class = (support & class_support) != 0 && !(number_known_ && state.in_older);
  state.class_id = by_class ? class_id_ : 0;
  if (!state.known.empty()) state.known.keep(support);
}

// Whether nothing in the older graph can change any more: it was specialised for this class, nothing more is known, and the
// result so far is ALLOW.
bool Specialiser::can_only_stay(const State& state) const {
  return state.in_older && !state.current_computed && state.current == action::allow && state.known.empty();
}

// Whether nothing that the older graph leads to replaces the result so far.
// The precedence of the strictest result that the node can lead to; a computed one may be anything. Successors have smaller
// numbers, so a table that is filled upwards meets them first.
std::uint32_t Specialiser::strictest_below(NodeId id) {
  for (auto next = static_cast<NodeId>(strictest_.size()); next <= id; ++next) {
    const Node& node = graph_.node_at(next);
    switch (node.kind) {
      case NodeKind::test: strictest_.push_back(std::min(strictest_[node.then], strictest_[node.otherwise])); break;
      case NodeKind::constant: strictest_.push_back(precedence(node.lhs)); break;
      case NodeKind::computed: strictest_.push_back(strictest_precedence); break;
    }
  }
  return strictest_[id];
}

bool Specialiser::cannot_be_stricter(const State& state) {
  return state.in_older && !state.current_computed && state.current != action::allow &&
         strictest_below(state.node) >= compose::precedence(state.current);
}

ExprId Specialiser::precedence_of(ExprId result) {
  const ExprId action = fold_expr(graph_, Op::and_, result, graph_.constant(action_mask));
  return fold_expr(graph_, Op::xor_, action, graph_.constant(sign_bit));
}

// The older filter's result against the one so far.
NodeId Specialiser::merge(const State& state, const Node& leaf, NodeId id) {
  const bool constant = leaf.kind == NodeKind::constant;
  if (!state.current_computed) {
    if (constant || state.current == action::allow) return id;  // descend() stops where nothing is stricter
    const NodeId so_far = graph_.leaf(state.current);
    const ExprId rank = precedence_of(leaf.lhs);
    return fold_test(graph_, Compare::greater_equal, rank, graph_.constant(compose::precedence(state.current)), so_far, id, leaf.source);
  }
  const NodeId so_far = graph_.computed_leaf(state.current);
  if (constant && leaf.lhs == action::allow) return so_far;
  const ExprId other = constant ? graph_.constant(compose::precedence(leaf.lhs)) : precedence_of(leaf.lhs);
  const ExprId mine = precedence_of(state.current);
  return fold_test(graph_, Compare::greater, mine, other, id, so_far, leaf.source);
}

// The leaf with the architecture put in.
NodeId Specialiser::resolve(const State& state, NodeId leaf) {
  const Node node = graph_.node_at(leaf);
  if (node.kind == NodeKind::constant) return leaf;
  const ExprId value = with_arch(state, node.lhs);
  return graph_.is_constant(value) ? graph_.leaf(graph_.expr_at(value).lhs, node.source)
                                   : graph_.computed_leaf(value, node.source);
}

// The result at a leaf; or nothing, and the state has moved on into the older graph.
std::optional<NodeId> Specialiser::at_leaf(State& state) {
  const NodeId id = resolve(state, state.node);
  const Node leaf = graph_.node_at(id);
  const bool constant = leaf.kind == NodeKind::constant;
  if (state.in_older) return merge(state, leaf, id);
  const bool allows = constant && leaf.lhs == action::allow;
  const bool is_final = rule_ == MergeRule::first_non_allow || (constant && compose::precedence(leaf.lhs) == strictest_precedence);
  if (!allows && is_final) return id;
  state.current_computed = !constant;
  state.current = leaf.lhs;
  state.in_older = true;
  const NodeId older = state.older;
  state.older = 0;  // no difference from here on
  step_into(state, older);
  return std::nullopt;
}

// Down the ladder that begins at the state's node, if there is one.
NodeId Specialiser::skip(const State& state, const Node& node, std::uint32_t low, std::uint32_t high) {
  if (node.compare != Compare::equal || !graph_.is_constant(node.rhs)) return state.node;
  return ladders_.skip(state.node, low, high);
}

// The result of a test that was met before; or nothing, and the state has moved on.
std::optional<NodeId> Specialiser::at_test(State& state, const Node& node) {
  const auto left = value_in_class(state, node.lhs);
  const auto right = value_in_class(state, node.rhs);
  if (left && right) {
    const NodeId further = skip(state, node, *left, *left);
    const NodeId next = holds(node.compare, *left, *right) ? node.then : node.otherwise;
    step_into(state, further != state.node ? further : next);
    return std::nullopt;
  }
  const ExprId lhs = with_arch(state, node.lhs);
  const ExprId rhs = with_arch(state, node.rhs);
  // x > k only comes from a right side that the class made constant; it is not worth a question of its own.
  const bool asks = use_facts_ && !(graph_.is_constant(rhs) && (graph_.is_constant(lhs) || node.compare == Compare::greater));
  Subject subject{};
  F known;
  if (asks) {
    subject = subject_of_test(graph_, node.compare, lhs, rhs);
    known = facts_[facts_of(state, subject.value)];
    // An interval that passes a whole ladder is one of numbers, given with the class.
    const bool may_skip = known.low() == known.high() || (graph_.expr_at(lhs).support & class_support) != 0;
    if (subject.value == lhs && may_skip) {
      if (const NodeId further = skip(state, node, known.low(), known.high()); further != state.node) {
        step_into(state, further);
        return std::nullopt;
      }
    }
    if (const auto answer = known.answer(subject.question)) {
      step_into(state, *answer != subject.negated ? node.then : node.otherwise);
      return std::nullopt;
    }
  }
  const std::uint32_t met = memo_.size();
  const std::uint32_t memo = memo_.intern(state);
  if (memo < met) return memo_result_[memo];
  memo_result_.push_back(0);
  steps_ += 4;  // about what a state that branches costs
  Frame frame{memo, state, node.compare, lhs, rhs, node.source};
  if (asks) {
    // Nodes below know nothing of a comparison's subject, but of what is compared.
    const Support support = graph_.is_constant(rhs) ? graph_.expr_at(subject.value).support
                                                  : graph_.expr_at(lhs).support | graph_.expr_at(rhs).support;
    const bool yes = !subject.negated;
    state.known.set(subject.value, facts_.intern(known.after(subject.question, yes)), support);
    frame.other.known.set(subject.value, facts_.intern(known.after(subject.question, !yes)), support);
  }
  step_into(state, node.then);
  step_into(frame.other, node.otherwise);
  stack_.push_back(frame);
  return std::nullopt;
}

std::optional<NodeId> Specialiser::descend(State& state) {
  ++steps_;
  if (can_only_stay(state)) return state.node;
  if (cannot_be_stricter(state)) return graph_.leaf(state.current);
  const Node node = graph_.node_at(state.node);
  return node.kind == NodeKind::test ? at_test(state, node) : at_leaf(state);
}

std::optional<NodeId> Specialiser::run(NodeId newer, NodeId older) {
  State state;
  state.node = newer;
  state.older = older;
  forget(state);
  stack_.clear();
  for (;;) {
    std::optional<NodeId> result;
    while (!result) {
      if (steps_ > budget_) return std::nullopt;
      result = descend(state);
    }
    while (!stack_.empty() && stack_.back().then_done) {
      const Frame& frame = stack_.back();
      result = fold_test(graph_, frame.compare, frame.lhs, frame.rhs, frame.then, *result, frame.source);
      memo_result_[frame.memo] = *result;
      stack_.pop_back();
    }
    if (stack_.empty()) return result;
    Frame& frame = stack_.back();
    frame.then = *result;
    frame.then_done = true;
    state = frame.other;
  }
}

}  // namespace callgate::compose
