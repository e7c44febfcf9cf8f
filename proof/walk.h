// What one or two chains decide, for all calls: a walk over their filters side by side, in which a path is what it has
// found out about terms, and the number is a set of intervals.
//
//   parts, for each set of architectures and numbers ──▶ a diagram: nodes ask about arguments, leaves say the decisions
//
// The diagram is exact: every call comes to the leaf of its decisions, but for calls that come to a leaf that is not
// decided, because the budget was spent. Branches that no call takes are left out where that was proved.
//
// Not thread-safe. Throws std::bad_alloc.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "callgate/options.hpp"
#include "callgate/program.hpp"
#include "proof/decisions.h"
#include "proof/solver.h"

namespace callgate::proof {

struct ChainRef {
  std::span<const Program> oldest_first;
  MergeRule rule = MergeRule::most_restrictive;
};

// What a chain decides at a leaf.
struct Decision {
  TermId result = 0;                    // in words: a constant, but for RET A
  std::optional<std::uint32_t> filter;  // whose result it is (the oldest is 0), if the walk was asked for that

  friend bool operator==(const Decision&, const Decision&) = default;
};

using DiagramId = std::uint32_t;
inline constexpr DiagramId undecided = 0;  // a leaf: the budget was spent
inline constexpr DiagramId same = 1;       // a leaf of two chains: both decide alike

struct Branch {
  IntervalSet set;
  DiagramId next;

  friend bool operator==(const Branch&, const Branch&) = default;
};

struct Diagram {
  TermId term = 0;                    // what is asked about, if there are branches
  std::vector<Branch> branches;       // disjoint; values in none of them do not happen
  std::vector<Decision> decisions{};  // of a leaf, one for each chain
};

// Calls of these architectures with these numbers.
struct Part {
  IntervalSet arches;
  IntervalSet numbers;
  DiagramId diagram;
};

// A path through a diagram.
struct Path {
  std::vector<Literal> conditions;  // each about another term; with those of its part in front
  DiagramId leaf;
};

class Walk {
 public:
  // One chain: leaves name the filter that decides.
  Walk(ChainRef chain, const Budget& budget);
  // Two: decisions that are alike are the leaf `same`, whichever filter makes them.
  Walk(ChainRef old_chain, ChainRef new_chain, const Budget& budget);

  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;

  // In rising order of architecture and number, as few as there can be of one architecture.
  const std::vector<Part>& parts() const { return parts_; }
  const Diagram& operator[](DiagramId id) const { return diagrams_[id]; }
  Terms& terms() { return decisions_.terms; }
  const Terms& terms() const { return decisions_.terms; }

  // Paths from `part` to its leaves for which `wanted(leaf)`, at most `most`; false if there are more, or very long
  // ones.
  template <class Wanted>
  bool paths(const Part& part, std::size_t most, std::vector<Path>& out, Wanted wanted) const {
    Path path;
    path.conditions.push_back({terms().word(arch_word), part.arches});
    path.conditions.push_back({terms().word(nr_word), part.numbers});
    return follow(part.diagram, path, most, out, wanted);
  }

  // A call of a path, or of a path and one more condition.
  Solution call_of(const Path& path, std::span<const Literal> more = {});

  // Steps that are left.
  std::uint64_t steps() const { return steps_; }

 private:
  static constexpr std::size_t most_chains = 2;

  // Where a chain is: at a node of one of its filters, with the result of the newer ones.
  struct Cursor {
    std::uint32_t filter = 0;  // how many filters are older; done_filter at the end
    NodeId node = 0;
    TermId result = 0;
    std::uint32_t by = 0;  // 1 + the filter that the result is of; 0: of none

    friend bool operator==(const Cursor&, const Cursor&) = default;
  };
  using Cursors = std::array<Cursor, most_chains>;
  static constexpr std::uint32_t done_filter = 0xffffffff;

  struct Fact {
    TermId term;
    SetId set;

    friend bool operator==(const Fact&, const Fact&) = default;
  };
  using Facts = std::vector<Fact>;  // sorted by term

  struct Key {
    Cursors cursors;
    Facts facts;

    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };

  struct Chain {
    std::vector<NodeId> roots;         // oldest first
    std::vector<std::uint16_t> words;  // [n]: words that matter to the filters 0 .. n - 1
    MergeRule rule = MergeRule::most_restrictive;
  };

  struct Question {
    TermId term;
    IntervalSet set;
    bool is_node;  // of the cursor's node, not of the merge rule
  };

  struct Arm {
    IntervalSet set;
    Cursors cursors;
  };

  // A node of the diagram in the making.
  struct Frame {
    Key key;
    TermId term = 0;
    std::vector<Arm> arms;
    std::size_t next_arm = 0;
    std::vector<Branch> branches;
    Facts facts;  // all of the path, not only those that matter below
  };

  void run();
  bool read(ChainRef ref, std::size_t index);
  std::vector<std::uint32_t> boundaries(std::uint32_t word, const IntervalSet& arches) const;
  Cursors start() const;
  void walk_numbers(const IntervalSet& arches);
  void add_part(const IntervalSet& arches, const IntervalSet& numbers, DiagramId diagram);

  std::optional<Question> settle(Cursor& cursor, const Chain& chain);
  void take_result(Cursor& cursor, const Chain& chain, bool replaces);
  void answer(Cursor& cursor, const Chain& chain, const Question& question, bool yes);
  bool is_done(const Cursor& cursor) const { return cursor.filter == done_filter; }

  // The diagram of a position, or a new frame for it.
  std::optional<DiagramId> advance(Cursors cursors, const Facts& facts, std::vector<Frame>& frames);
  DiagramId walk(const Cursors& cursors, const Facts& facts);
  std::optional<bool> decide(const Facts& facts, const Question& question, IntervalSet& possible);
  bool jump(Cursor& cursor, const Question& question, const IntervalSet& possible);
  std::vector<Arm> arms_of(const Cursors& cursors, const std::array<std::optional<Question>, most_chains>& questions,
                           TermId term, const IntervalSet& possible);
  std::uint16_t live_words(const Cursors& cursors) const;
  Facts relevant(const Facts& facts, std::uint16_t words) const;
  bool may_hold(const Facts& facts, TermId changed);
  DiagramId leaf(const Cursors& cursors, const Facts& facts);
  DiagramId make_node(TermId term, std::vector<Branch> branches);
  DiagramId intern(Diagram diagram);
  std::vector<Literal> literals(const Facts& facts) const;
  Solution ask(std::span<const Literal> literals, std::uint64_t most);
  void charge(std::uint64_t steps) { steps_ -= std::min(steps_, steps); }
  const std::vector<Range>& ranges(NodeId id);

  template <class Wanted>
  bool follow(DiagramId id, Path& path, std::size_t most, std::vector<Path>& out, Wanted wanted) const {
    constexpr std::size_t most_conditions = 1000;  // each is a level of recursion
    if (path.conditions.size() > most_conditions) return false;
    const Diagram& diagram = diagrams_[id];
    if (diagram.branches.empty()) {
      if (!wanted(id)) return true;
      if (out.size() >= most) return false;
      path.leaf = id;
      out.push_back(path);
      return true;
    }
    for (const Branch& branch : diagram.branches) {
      path.conditions.push_back({diagram.term, branch.set});
      const bool all = follow(branch.next, path, most, out, wanted);
      path.conditions.pop_back();
      if (!all) return false;
    }
    return true;
  }

  Decisions decisions_;
  std::vector<Chain> chains_;
  std::uint64_t steps_;
  std::size_t most_diagrams_;
  std::vector<Diagram> diagrams_;
  std::unordered_multimap<std::size_t, DiagramId> diagram_ids_;
  std::unordered_map<Key, DiagramId, KeyHash> known_;
  std::unordered_map<NodeId, std::uint32_t> visits_;
  std::vector<Part> parts_;
};

}  // namespace callgate::proof
