// Partial evaluation of a filter on top of what older filters decide: what is left of both for one class of calls, with
// the facts of each path used below it.
//
// Walks the filter's graph from the root downwards. Where a path of it ends in ALLOW, the walk goes on in the graph of
// the older filters, with all that is known on this path (in most_restrictive it goes on after other results as well, and
// carries the result along). States that cannot be told apart below are one: a state is a node, what is known of the
// values that are tested below it, and the class only where something below depends on the number.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "callgate/action.hpp"
#include "callgate/options.hpp"
#include "compose/ir_names.h"
#include "ir/facts.h"
#include "ir/graph.h"
#include "compose/ladders.h"

namespace callgate::compose {

// What is known on a path: facts about at most `capacity` values; more are dropped, which is always sound.
class Environment {
 public:
  static constexpr std::uint32_t capacity = 4;

  struct Entry {
    ExprId value = 0;
    std::uint32_t facts = 0;  // index into the specialiser's interned facts; 0 is "nothing known"
    Support support = 0;        // of the value
    bool operator==(const Entry&) const = default;
  };

  bool operator==(const Environment&) const = default;
  std::uint32_t hash() const {
    std::uint32_t h = count_;
    for (std::uint32_t i = 0; i < count_; ++i) h = mix(h, entries_[i].value, entries_[i].facts);
    return h;
  }

  std::uint32_t facts_of(ExprId value) const;
  void set(ExprId value, std::uint32_t facts, Support support);
  // Forgets what nobody asks about.
  void keep(Support support);
  bool empty() const { return count_ == 0; }

 private:
  std::uint32_t count_ = 0;
  std::array<Entry, capacity> entries_{};  // by ascending value
};

class Specialiser {
 public:
  using F = Facts<std::uint32_t>;

  // New nodes go into `graph`. At most `budget` steps are made by one specialiser, for all its calls together.
  Specialiser(Graph& graph, MergeRule rule, bool use_facts, std::uint32_t budget)
      : graph_(graph), rule_(rule), use_facts_(use_facts), budget_(budget), ladders_(graph) {
    facts_.intern(F{});
  }

  // The architecture of all calls that are specialised next, and a number that stands for theirs: one that passes every test
  // of the newer filter which number and architecture decide as they do. Nothing else follows from it. Or what is known
  // about number and architecture.
  void set_class(std::uint32_t id, std::uint32_t nr, std::uint32_t arch);
  void set_class(std::uint32_t id, std::optional<std::uint32_t> arch, std::uint32_t low, std::uint32_t high);
  void set_no_class();

  // What the filter at `newer` and then the filters at `older` decide. Empty when the budget is used up.
  std::optional<NodeId> run(NodeId newer, NodeId older);

  std::uint32_t steps() const { return steps_; }

 private:
  // The filter whose node is looked at, and the result so far.
  struct State {
    NodeId node = 0;
    NodeId older = 0;           // where the walk goes on behind the newer filter
    bool in_older = false;
    bool current_computed = false;
    std::uint32_t current = action::allow;  // a result, or the expression of one
    std::uint32_t class_id = 0;
    Environment known;

    bool operator==(const State&) const = default;
    std::uint32_t hash() const {
      return mix(mix(node, older, known.hash()), current, class_id << 2 | (in_older ? 1u : 0u) | (current_computed ? 2u : 0u));
    }
  };
  struct Frame {
    std::uint32_t memo;  // the state's number
    State other;         // what comes after the first way
    Compare compare;
    ExprId lhs, rhs;
    Source source;
    bool then_done = false;
    NodeId then = 0;
  };

  std::optional<NodeId> descend(State& state);
  std::optional<NodeId> at_leaf(State& state);
  NodeId resolve(const State& state, NodeId leaf);
  std::optional<NodeId> at_test(State& state, const Node& node);
  NodeId skip(const State& state, const Node& node, std::uint32_t low, std::uint32_t high);
  NodeId merge(const State& state, const Node& leaf, NodeId id);
  void step_into(State& state, NodeId node) const;
  void forget(State& state) const;
  bool can_only_stay(const State& state) const;
  bool cannot_be_stricter(const State& state);
  std::uint32_t strictest_below(NodeId id);

  std::uint32_t facts_of(const State& state, ExprId subject) const;
  std::optional<std::uint32_t> value_in_class(const State& state, ExprId id) const;
  ExprId with_arch(const State& state, ExprId id);
  ExprId precedence_of(ExprId result);

  Graph& graph_;
  MergeRule rule_;
  bool use_facts_;
  std::uint32_t budget_;
  std::uint32_t steps_ = 0;
  Ladders ladders_;

  bool number_known_ = false;
  std::uint32_t nr_ = 0;
  std::uint32_t arch_ = 0;
  std::uint32_t class_id_ = 0;
  std::uint32_t class_nr_ = 0;    // facts about the number and the architecture of all calls of the class
  std::uint32_t class_arch_ = 0;

  Interner<F> facts_;
  Interner<State> memo_;
  std::vector<NodeId> memo_result_;  // by state; no_result while it is being made
  std::vector<Frame> stack_;
  std::vector<std::uint32_t> strictest_;  // by node: strictest_below(), as far as it was asked for
};

}  // namespace callgate::compose
