// A filter as a graph of decisions: each node asks whether a term lies in a set, or is the end and says what the result
// is. Read from the instructions alone, by what seccomp_run_filters() and the kernel's interpreter do with them.
//
// Nodes are hash-consed across all filters of a table: what two filters decide by the same questions is one node. A
// node's successors have smaller numbers, so that descending order is an order of the walk.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "callgate/program.hpp"
#include "proof/terms.h"

namespace callgate::proof {

using NodeId = std::uint32_t;
using SetId = std::uint32_t;

// Interned sets.
class Sets {
 public:
  SetId intern(const IntervalSet& set);
  const IntervalSet& operator[](SetId id) const { return sets_[id]; }
  std::size_t size() const { return sets_.size(); }

 private:
  std::vector<IntervalSet> sets_;
  std::unordered_multimap<std::size_t, SetId> ids_;
};

struct Node {
  bool is_end;
  TermId term;  // the result, or what is asked about
  SetId set;
  NodeId yes;
  NodeId no;
  std::uint16_t words;  // bit n: word n matters at this node or below
};

// Where the values of a term lead: an entry begins at its first value and ends before the next one.
struct Range {
  std::uint32_t first;
  NodeId next;
};

// Limits on what a walk may take. When one is reached, what is not known by then is said to be not decided.
struct Budget {
  std::uint64_t steps = 10'000'000;  // two to three seconds at most
  std::size_t nodes = 400'000;       // of each table
};

class Decisions {
 public:
  explicit Decisions(const Budget& budget) : budget_(budget) {}

  // The root of a filter; empty if it takes more than the budget.
  std::optional<NodeId> read(const Program& program);

  const Node& operator[](NodeId id) const { return nodes_[id]; }
  std::size_t size() const { return nodes_.size(); }

  // All questions about the term of `id` from `id` on, as one: values in rising order. A ladder of a thousand numbers
  // is walked once. Kept for the next time.
  const std::vector<Range>& ranges(NodeId id);
  bool has_ranges(NodeId id) const { return ranges_.contains(id); }

  Terms terms;
  Sets sets;
  std::uint64_t work = 0;  // that ranges() has done: intervals that it has looked at

 private:
  friend class Reader;
  NodeId end(TermId result);
  NodeId question(const Literal& literal, NodeId yes, NodeId no);
  NodeId intern(const Node& node);

  Budget budget_;
  std::vector<Node> nodes_;
  std::unordered_multimap<std::uint64_t, NodeId> ids_;
  std::unordered_map<NodeId, std::vector<Range>> ranges_;
};

}  // namespace callgate::proof
