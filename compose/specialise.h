// Partial evaluation of a filter on top of the graph of the older filters: the residual graph of both for one class of
// calls.
//
// A graph is a decision diagram whose tests come in no fixed order. To put one on top of another is *apply*, to
// evaluate it under what is known of a value is *restrict* (Bryant, Graph-Based Algorithms for Boolean Function
// Manipulation, 1986); both are done in one walk, with a memo of the states that were visited.
//
// An older filter, and a newer one on top of it (tests/golden/ir/older_folds_away.graph shows both whole):
//
//   o2: if args[0].lo == 0x1 then o1 else o0        ld [args[0].lo]; jeq #1, trap; ret #ALLOW; trap: ret #TRAP
//   n3: if nr == 0x3b then n1 else n2               ld [nr]; jeq #59, kill; jeq #41, log; ret #ALLOW; …
//   n2: if nr == 0x29 then n0 else ALLOW
//
//   x86_64, number 59:  KILL_PROCESS                the tests of the number are decided by the class
//   x86_64, number 0:   o2                          n3 and n2 are decided, and their ALLOW continues in the older graph
//   other architectures: n3, n2, and then o2        nothing is known of the number: the tests stay
//
// The walk goes from the root of the newer filter downwards. Where a path ends in ALLOW, it continues at the root of
// the older graph, with all facts of the path (under most_restrictive it continues behind other results too, and
// carries the result along). A test that the class or the facts decide is not made again: the walk continues at one
// successor. At any other test it branches, and each way learns the answer.
//
// The walk below the newer filter is what grows with the chain: with facts, a filter costs steps for all nodes below it
// that test what the facts are about, so that n filters cost n * n. Hence facts go along into the older graph only in
// the first half of the budget, and are dropped there when an eighth is left. Without them a node of the older graph is
// its own residual, in one step.
//
// Invariants: a state holds only facts about values that are tested below its node, and the class only where a test
// below depends on the number, so paths whose difference makes no difference below are one state. Forgetting a fact is
// sound: it costs a test. New nodes are made bottom-up by the folding constructors (ir/fold.h).
//
// Cost: one step for each state and node visited, about 60 ns; the budget bounds the steps. No recursion over nodes.
#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <optional>
#include <vector>

#include "callgate/action.hpp"
#include "callgate/options.hpp"
#include "compose/ir_names.h"
#include "compose/ladders.h"
#include "ir/chunked.h"
#include "ir/facts.h"
#include "ir/graph.h"

namespace callgate::compose {

// A comparison of two values neither of which is constant. All comparisons of the same values that have the same
// answer, or the opposite one, have one form: no `greater` (x > y is not y >= x), and the smaller ExprId first where
// the order makes no difference.
struct Relation {
  Compare compare;
  ExprId lhs;
  ExprId rhs;

  bool operator==(const Relation&) const = default;
  std::uint32_t hash() const { return mix(static_cast<std::uint32_t>(compare), lhs.index(), rhs.index()); }
};

// The subject of a fact: the value of an expression (the index of its ExprId), or the truth of a relation (relation_bit
// and its index).
using SubjectId = Id<struct SubjectTag>;
inline constexpr std::uint32_t relation_bit = 0x80000000;
constexpr SubjectId subject_of(ExprId value) {
  assert(value.index() < relation_bit);
  return SubjectId{value.index()};
}

// The facts of a path, about at most `capacity` subjects. Facts about more are dropped, which is always sound.
class Environment {
 public:
  static constexpr std::uint32_t capacity = 4;

  struct Entry {
    SubjectId subject = {};
    std::uint32_t facts = 0;  // index into the specialiser's interned facts; 0 is "nothing known"
    Support support = 0;      // of the values that the subject depends on
    bool operator==(const Entry&) const = default;
  };

  bool operator==(const Environment&) const = default;
  std::uint32_t hash() const {
    std::uint32_t h = count_;
    for (std::uint32_t i = 0; i < count_; ++i) h = mix(h, entries_[i].subject.index(), entries_[i].facts);
    return h;
  }

  std::uint32_t facts_of(SubjectId subject) const;
  void set(SubjectId subject, std::uint32_t facts, Support support);
  // Forgets the subjects that no test with this support depends on.
  void keep(Support support);
  bool empty() const { return count_ == 0; }

 private:
  std::uint32_t count_ = 0;
  std::array<Entry, capacity> entries_{};  // by ascending subject
};

// The name of a set of calls that are specialised together. States of different classes are different states.
using ClassId = Id<struct ClassTag>;
inline constexpr ClassId no_class{0};  // all calls, or a state below which the class makes no difference

class Specialiser {
 public:
  using F = Facts<std::uint32_t>;

  // New nodes go into `graph`. At most `budget` steps are made by one specialiser, for all its calls together; facts go
  // along into the older graph in the first half of them.
  Specialiser(Graph& graph, MergeRule rule, bool use_facts, std::uint32_t budget)
      : graph_(graph), rule_(rule), use_facts_(use_facts), ladders_(graph) {
    allow(budget, budget / 2);
    [[maybe_unused]] const std::uint32_t nothing = facts_.intern(F{}) | environments_.intern(Environment{});
    assert(nothing == 0);
  }

  // Sets the budget of the steps from here on, and how many of them facts go along for.
  void allow(std::uint32_t steps, std::uint32_t with_facts) {
    budget_ = steps_ + steps;
    with_facts_ = steps_ + with_facts;
    last_facts_ = budget_ - steps / 8;
  }

  // The calls that run() specialises for from here on: either calls of one architecture that the newer filter treats
  // alike, with the number of one of them (every test of the newer filter that depends on number and architecture alone
  // has the same answer for all of them; nothing else may be concluded from the number); or calls of one architecture
  // or of every unknown one, with an interval of numbers; or all calls. `id` is not no_class: the states of such a
  // class would be taken for those of another.
  void set_class(ClassId id, std::uint32_t nr, std::uint32_t arch);
  void set_class(ClassId id, std::optional<std::uint32_t> arch, std::uint32_t low, std::uint32_t high);
  void set_no_class();

  // The root of the residual graph of the filter at `newer` and then the filters at `older`. Empty when the budget is
  // used up. May throw std::bad_alloc.
  std::optional<NodeId> run(NodeId newer, NodeId older);

  std::uint32_t steps() const { return steps_; }

 private:
  // A position of the walk, and the facts of the path to it.
  struct State {
    NodeId node = {};
    NodeId older = {};      // the root of the older graph while `node` is of the newer filter, then 0
    bool in_older = false;  // whether `node` is of the older graph
    bool current_computed = false;
    std::uint32_t current = action::allow;  // the result so far: a constant, or an ExprId if it is computed
    ClassId class_id = no_class;
    Environment known;
  };

  // A state as the memo keeps it: a quarter of the bytes, because few environments differ.
  struct Met {
    NodeId node;
    NodeId older;
    std::uint32_t current;
    ClassId class_id;
    std::uint32_t known;  // index of the interned environment
    bool in_older;
    bool current_computed;

    bool operator==(const Met&) const = default;
    std::uint32_t hash() const {
      const auto flags = (in_older ? 1u : 0u) | (current_computed ? 2u : 0u);
      return mix(mix(node.index(), older.index(), known), current, class_id.index() << 2 | flags);
    }
  };

  // A test at which the walk branched, and whose residual is made when the residuals of both successors are there.
  struct Frame {
    std::uint32_t memo;  // the index of the state
    NodeId node;         // the test
    ExprId lhs, rhs;     // what it compares in the class
    State other;         // the state of `otherwise`, which is walked after `then`
    bool then_done = false;
    NodeId then = {};
  };

  // A test as a question about a subject.
  struct Asked {
    SubjectId subject;
    Question<std::uint32_t> question;
    bool negated;         // whether the test holds when the answer is no
    Support support;      // of the values that the subject depends on
    std::uint32_t known;  // index of the facts about the subject
  };

  // Each of these returns the residual's root, or moves the state on and returns nothing.
  std::optional<NodeId> descend(State& state);
  std::optional<NodeId> at_leaf(State& state);
  std::optional<NodeId> at_test(State& state, const Node& node);
  std::optional<NodeId> branch(State& state, const Node& node, ExprId lhs, ExprId rhs, const Asked* asked);

  // The successor, or a node further down, that a test leads to; nothing if the class or the facts do not decide it.
  std::optional<NodeId> decided_by_class(const State& state, const Node& node);
  std::optional<NodeId> decided_by_facts(const State& state, const Node& node, ExprId lhs, const Asked& asked);

  NodeId residual_of(const Frame& frame, NodeId otherwise);

  Asked ask(const State& state, Compare compare, ExprId lhs, ExprId rhs);
  Asked ask_relation(const State& state, Compare compare, ExprId lhs, ExprId rhs);
  void learn(State& state, const Asked& asked, bool holds, NodeId next);

  Met met(const State& state);
  NodeId skip(const State& state, const Node& node, std::uint32_t low, std::uint32_t high);
  NodeId resolve(const State& state, NodeId leaf);
  NodeId merge(const State& state, const Node& leaf, NodeId id);
  void step_into(State& state, NodeId node) const;
  void forget(State& state) const;
  Support support_from(const State& state, NodeId node) const;
  bool can_only_stay(const State& state) const;
  bool cannot_be_stricter(const State& state);
  std::uint32_t strictest_below(NodeId id);

  std::uint32_t facts_of(const State& state, ExprId value) const;
  std::optional<std::uint32_t> value_in_class(const State& state, ExprId id) const;
  ExprId with_arch(const State& state, ExprId id);
  ExprId precedence_of(ExprId result);

  Graph& graph_;
  MergeRule rule_;
  bool use_facts_;
  std::uint32_t steps_ = 0;
  std::uint32_t budget_ = 0;      // greatest number of steps
  std::uint32_t with_facts_ = 0;  // the same, with facts on the way into the older graph
  std::uint32_t last_facts_ = 0;  // the same, with facts in it
  Ladders ladders_;

  ClassId class_id_ = no_class;
  bool number_known_ = false;  // whether nr_ and arch_ belong to a call of the class
  std::uint32_t nr_ = 0;
  std::uint32_t arch_ = 0;
  std::uint32_t class_nr_ = 0;    // index of the facts about the number of every call of the class
  std::uint32_t class_arch_ = 0;  // index of the facts about the architecture

  Interner<F, std::uint32_t, Chunked<F>> facts_;
  Interner<Relation> relations_;
  Interner<Environment, std::uint32_t, Chunked<Environment>> environments_;
  Interner<Met, std::uint32_t, Chunked<Met>> memo_;
  // By index of the memo. `unfinished` while it is being made: the graph has no loops, so no walk meets the state
  // again.
  std::vector<NodeId> residual_of_;
  static constexpr NodeId unfinished{0xffffffff};
  std::vector<Frame> stack_;
  IdMap<NodeId, std::uint32_t> strictest_;  // by node: strictest_below(), as far as it was asked for
};

}  // namespace callgate::compose
