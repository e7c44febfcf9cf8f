#include "compose/specialise.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "compose/number_value.h"
#include "compose/precedence.h"
#include "compose/seccomp.h"
#include "ir/fold.h"

namespace callgate::compose {
namespace {

constexpr std::uint32_t all_ones = 0xffffffff;

// The question whether a relation holds, about its truth as a value: at least 1, or 0.
constexpr Question<std::uint32_t> is_true{Compare::greater_equal, all_ones, 1};

}  // namespace

std::uint32_t Environment::facts_of(SubjectId subject) const {
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (entries_[i].subject == subject) return entries_[i].facts;
  }
  return 0;
}

void Environment::set(SubjectId subject, std::uint32_t facts, Support support) {
  std::uint32_t at = 0;
  while (at < count_ && entries_[at].subject < subject) ++at;
  if (at < count_ && entries_[at].subject == subject) {
    entries_[at].facts = facts;
  } else if (count_ < capacity && facts != 0) {
    for (std::uint32_t i = count_; i > at; --i) entries_[i] = entries_[i - 1];
    entries_[at] = {subject, facts, support};
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

void Specialiser::set_class(ClassId id, std::uint32_t nr, std::uint32_t arch) {
  assert(id != no_class);
  class_id_ = id;
  number_known_ = true;
  nr_ = nr;
  arch_ = arch;
  class_arch_ = class_nr_ = 0;
}

void Specialiser::set_class(ClassId id, std::optional<std::uint32_t> arch, std::uint32_t low, std::uint32_t high) {
  assert(id != no_class);
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
  class_id_ = no_class;
  number_known_ = false;
  class_arch_ = class_nr_ = 0;
}

// The facts about a value: learnt on the path, or given with the class.
std::uint32_t Specialiser::facts_of(const State& state, ExprId value) const {
  if (const std::uint32_t learnt = state.known.facts_of(subject_of(value)); learnt != 0) return learnt;
  const Expr& e = graph_.expr_at(value);
  if (e.op != Op::load || e.offset() > arch_offset) return 0;
  return e.offset() == nr_offset ? class_nr_ : class_arch_;
}

// The value of an expression that depends on nothing but number and architecture. Not in the older graph: the number is
// that of one call of the class, and only the tests of the newer filter have the same answer for all of them.
std::optional<std::uint32_t> Specialiser::value_in_class(const State& state, ExprId id) const {
  if (number_known_ && !state.in_older) return number_value(graph_, id, nr_, arch_);
  const Expr& e = graph_.expr_at(id);
  return e.op == Op::constant ? std::optional(e.value()) : std::nullopt;
}

// The expression with the architecture substituted. The number is not, so that one graph serves all numbers of the
// class. Recursion is bounded by the size of an expression.
ExprId Specialiser::with_arch(const State& state, ExprId id) {
  const Expr e = graph_.expr_at(id);
  if (!number_known_ || state.in_older || (e.words & arch_words) == 0) return id;
  if (e.op == Op::load) return graph_.constant(arch_);
  const ExprId lhs = with_arch(state, e.lhs());
  return fold_expr(graph_, e.op, lhs, info(e.op).arity == 2 ? with_arch(state, e.rhs()) : ExprId{});
}

// The values that are tested on a path of the state from `node` on.
inline Support Specialiser::support_from(const State& state, NodeId node) const {
  const Support support = graph_.support_below(node);
  return state.in_older ? support : support | graph_.support_below(state.older);
}

// Drops the facts and the class from the state if no test below its node depends on them.
inline void Specialiser::forget(State& state) const {
  const Support support = support_from(state, state.node);
  const bool by_class = (support & class_support) != 0 && !(number_known_ && state.in_older);
  state.class_id = by_class ? class_id_ : no_class;
  if (!state.known.empty()) state.known.keep(support);
}

inline void Specialiser::step_into(State& state, NodeId node) const {
  state.node = node;
  forget(state);
}

// Whether the node of the older graph is its own residual: the older graph was specialised for this class, no facts are
// known, and the result so far is ALLOW.
bool Specialiser::can_only_stay(const State& state) const {
  return state.in_older && !state.current_computed && state.current == action::allow && state.known.empty();
}

// The precedence of the strictest result at or below a node; a computed result may be any. Successors have smaller
// numbers, so a table that is filled upwards meets them first.
std::uint32_t Specialiser::strictest_below(NodeId id) {
  for (const NodeId next : IdRange<NodeId>::upwards(static_cast<std::uint32_t>(strictest_.size()), id.index() + 1)) {
    const Node& node = graph_.node_at(next);
    switch (node.kind) {
      case NodeKind::test: strictest_.push_back(std::min(strictest_[node.then], strictest_[node.otherwise])); break;
      case NodeKind::constant: strictest_.push_back(precedence(node.result())); break;
      case NodeKind::computed: strictest_.push_back(strictest_precedence); break;
    }
  }
  return strictest_[id];
}

// Whether no result of the older graph replaces the result so far.
bool Specialiser::cannot_be_stricter(const State& state) {
  return state.in_older && !state.current_computed && state.current != action::allow &&
         strictest_below(state.node) >= compose::precedence(state.current);
}

ExprId Specialiser::precedence_of(ExprId result) {
  const ExprId action = fold_expr(graph_, Op::and_, result, graph_.constant(action_mask));
  return fold_expr(graph_, Op::xor_, action, graph_.constant(sign_bit));
}

// The residual of a leaf of the older graph: its result or the one so far, whichever is stricter, of equal ones the
// newer. A computed result is compared when the call is decided.
NodeId Specialiser::merge(const State& state, const Node& leaf, NodeId id) {
  const bool constant = leaf.kind == NodeKind::constant;
  if (!state.current_computed) {
    if (constant || state.current == action::allow) return id;  // descend() stops where nothing is stricter
    const NodeId so_far = graph_.leaf(state.current);
    const ExprId other = precedence_of(leaf.computed());
    const ExprId mine = graph_.constant(compose::precedence(state.current));
    return fold_test(graph_, Compare::greater_equal, other, mine, so_far, id, leaf.source);
  }
  const NodeId so_far = graph_.computed_leaf(ExprId{state.current});
  if (constant && leaf.result() == action::allow) return so_far;
  const ExprId other = constant ? graph_.constant(compose::precedence(leaf.result())) : precedence_of(leaf.computed());
  const ExprId mine = precedence_of(ExprId{state.current});
  return fold_test(graph_, Compare::greater, mine, other, id, so_far, leaf.source);
}

// The leaf with the architecture substituted.
NodeId Specialiser::resolve(const State& state, NodeId leaf) {
  const Node node = graph_.node_at(leaf);
  if (node.kind == NodeKind::constant) return leaf;
  const ExprId value = with_arch(state, node.computed());
  return graph_.is_constant(value) ? graph_.leaf(graph_.constant_value(value), node.source)
                                   : graph_.computed_leaf(value, node.source);
}

// At a leaf of the older graph, the residual; at a leaf of the newer filter, the residual if its result is final, or
// else the walk continues in the older graph with that result.
std::optional<NodeId> Specialiser::at_leaf(State& state) {
  const NodeId id = resolve(state, state.node);
  const Node leaf = graph_.node_at(id);
  const bool constant = leaf.kind == NodeKind::constant;
  if (state.in_older) return merge(state, leaf, id);
  const bool allows = constant && leaf.result() == action::allow;
  const bool is_strictest = constant && compose::precedence(leaf.result()) == strictest_precedence;
  const bool is_final = rule_ == MergeRule::first_non_allow || is_strictest;
  if (!allows && is_final) return id;
  state.current_computed = !constant;
  state.current = constant ? leaf.result() : leaf.computed().index();
  state.in_older = true;
  const NodeId older = state.older;
  state.older = {};  // makes no difference from here on
  if (steps_ > with_facts_) state.known = {};
  step_into(state, older);
  return std::nullopt;
}

// The node that the ladder at the state's node leads to, if there is a ladder and the value of its tests lies in low …
// high; else the state's node.
NodeId Specialiser::skip(const State& state, const Node& node, std::uint32_t low, std::uint32_t high) {
  if (node.compare != Compare::equal || !graph_.is_constant(node.rhs())) return state.node;
  return ladders_.skip(state.node, low, high);
}

// at_test() is the only caller of the inline functions.
inline std::optional<NodeId> Specialiser::decided_by_class(const State& state, const Node& node) {
  const auto left = value_in_class(state, node.lhs());
  const auto right = left ? value_in_class(state, node.rhs()) : std::nullopt;
  if (!right) return std::nullopt;
  const NodeId further = skip(state, node, *left, *left);
  if (further != state.node) return further;
  return holds(node.compare, *left, *right) ? node.then : node.otherwise;
}

inline std::optional<NodeId> Specialiser::decided_by_facts(const State& state, const Node& node, ExprId lhs,
                                                           const Asked& asked) {
  const F& known = facts_[asked.known];
  // An interval that is wider than one value and passes a whole ladder is one of numbers, given with the class.
  const bool may_skip = known.low() == known.high() || (asked.support & class_support) != 0;
  if (asked.subject == subject_of(lhs) && may_skip) {
    if (const NodeId further = skip(state, node, known.low(), known.high()); further != state.node) return further;
  }
  const auto answer = known.answer(asked.question);
  if (!answer) return std::nullopt;
  return *answer != asked.negated ? node.then : node.otherwise;
}

// Of a comparison with a constant the subject is a value: of (x & mask) == k, the value x.
inline Specialiser::Asked Specialiser::ask(const State& state, Compare compare, ExprId lhs, ExprId rhs) {
  if (!graph_.is_constant(rhs)) return ask_relation(state, compare, lhs, rhs);
  const std::uint32_t k = graph_.constant_value(rhs);
  const ExprId value = ir::subject_of(graph_, compare, lhs);
  const Support support = graph_.expr_at(value).support;
  const std::uint32_t known = facts_of(state, value);
  if (compare == Compare::any_bit_set) return {subject_of(value), {compare, k, 0}, false, support, known};
  const std::uint32_t mask = lhs == value ? all_ones : graph_.constant_value(graph_.expr_at(lhs).rhs());
  return {subject_of(value), {compare, mask, k}, false, support, known};
}

Specialiser::Asked Specialiser::ask_relation(const State& state, Compare compare, ExprId lhs, ExprId rhs) {
  const bool negated = compare == Compare::greater;  // x > y is not y >= x
  const bool symmetric = compare == Compare::equal || compare == Compare::any_bit_set;
  if (negated || (symmetric && lhs > rhs)) std::swap(lhs, rhs);
  const Relation relation{negated ? Compare::greater_equal : compare, lhs, rhs};
  const SubjectId subject{relation_bit | relations_.intern(relation)};
  const Support support = graph_.expr_at(lhs).support | graph_.expr_at(rhs).support;
  return {subject, is_true, negated, support, state.known.facts_of(subject)};
}

// The facts of a path on which the test holds, or does not, and which goes on at `next`; none that no test from there
// on is about.
inline void Specialiser::learn(State& state, const Asked& asked, bool holds, NodeId next) {
  if ((support_from(state, next) & asked.support) == 0) return;
  const F facts = facts_[asked.known].after(asked.question, holds != asked.negated);
  state.known.set(asked.subject, facts_.intern(facts), asked.support);
}

inline Specialiser::Met Specialiser::met(const State& state) {
  const std::uint32_t known = state.known.empty() ? 0 : environments_.intern(state.known);
  return {state.node, state.older, state.current, state.class_id, known, state.in_older, state.current_computed};
}

// The residual of a state that was met before; or the state continues at `then`, and a frame holds the state of
// `otherwise`.
inline std::optional<NodeId> Specialiser::branch(State& state, const Node& node, ExprId lhs, ExprId rhs,
                                                 const Asked* asked) {
  const std::uint32_t count = memo_.size();
  const std::uint32_t memo = memo_.intern(met(state));
  if (memo < count) {
    assert(residual_of_[memo] != unfinished);
    return residual_of_[memo];
  }
  residual_of_.push_back(unfinished);
  steps_ += 4;  // about the cost of a state that branches, in steps of one that does not
  Frame& frame = stack_.emplace_back(Frame{memo, state.node, lhs, rhs, state});
  if (asked != nullptr) {
    learn(state, *asked, true, node.then);
    learn(frame.other, *asked, false, node.otherwise);
  }
  step_into(state, node.then);
  step_into(frame.other, node.otherwise);
  return std::nullopt;
}

std::optional<NodeId> Specialiser::at_test(State& state, const Node& node) {
  if (const auto next = decided_by_class(state, node)) {
    step_into(state, *next);
    return std::nullopt;
  }
  const ExprId lhs = with_arch(state, node.lhs());
  const ExprId rhs = with_arch(state, node.rhs());
  // Folding leaves no x > k: one has its right side from the class, and fold_test() will give it another form. No facts
  // then.
  const bool is_folded = graph_.is_constant(rhs) && (graph_.is_constant(lhs) || node.compare == Compare::greater);
  if (!use_facts_ || is_folded) return branch(state, node, lhs, rhs, nullptr);
  const Asked asked = ask(state, node.compare, lhs, rhs);
  if (const auto next = decided_by_facts(state, node, lhs, asked)) {
    step_into(state, *next);
    return std::nullopt;
  }
  return branch(state, node, lhs, rhs, &asked);
}

std::optional<NodeId> Specialiser::descend(State& state) {
  ++steps_;
  if (state.in_older && steps_ > last_facts_ && !state.known.empty()) state.known = {};
  if (can_only_stay(state)) return state.node;
  if (cannot_be_stricter(state)) return graph_.leaf(state.current);
  const Node node = graph_.node_at(state.node);
  return node.kind == NodeKind::test ? at_test(state, node) : at_leaf(state);
}

// A test whose successors are their own residuals is its own, if the class says nothing of its sides.
NodeId Specialiser::residual_of(const Frame& frame, NodeId otherwise) {
  const Node& node = graph_.node_at(frame.node);
  const bool same_sides = node.lhs() == frame.lhs && node.rhs() == frame.rhs;
  if (same_sides && node.then == frame.then && node.otherwise == otherwise) return frame.node;
  return fold_test(graph_, node.compare, frame.lhs, frame.rhs, frame.then, otherwise, node.source);
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
      result = residual_of(frame, *result);
      residual_of_[frame.memo] = *result;
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
