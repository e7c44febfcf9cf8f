// Where the numbers of one domain get to in a filter's graph before an argument is looked at, and which of them are alike
// from there on.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "compose/call_class.h"
#include "compose/ir_names.h"
#include "ir/graph.h"
#include "compose/number_columns.h"
#include "compose/number_set.h"

namespace callgate::compose {

// A node that decides, or that asks about more than number and architecture, and the numbers that come to it.
struct Arrival {
  NodeId node;
  NumberSet numbers;
};

// The numbers of a domain in groups: those of one group take the same way through every test that number and architecture
// decide.
struct NumberGroups {
  static constexpr std::uint32_t most = 2 * numbers_per_domain + 1;

  std::array<std::uint32_t, numbers_per_domain> of;  // by number: its group
  std::uint32_t count = 0;
};

// A test that is more than one comparison of the number (JSET, arithmetic) is computed for all numbers of the domain; when the
// steps that may be taken for a filter of so many instructions are used up, such a test counts as one that asks about more.
// A step is about 100 ns; real filters take few.
constexpr std::uint32_t max_number_steps(std::size_t insns) { return static_cast<std::uint32_t>(2'048 + 4 * insns); }

// Sets of numbers flow through a graph, so that a ladder of n tests costs n steps and not n for each number. (The kernel's
// seccomp_is_const_allow() asks about one number at a time.) An object may be used for several roots and domains of one
// graph that grows.
class NumberFlow {
 public:
  explicit NumberFlow(const Graph& graph) : graph_(graph), columns_(graph) {}

  // From here on so many steps may be taken.
  void allow(std::uint32_t steps) { steps_left_ = steps; }

  // All numbers of the domain, by the node that they come to from `root`. Valid until the next call. May throw
  // std::bad_alloc.
  std::span<const Arrival> run(NodeId root, const Domain& domain);

  // The groups that the tests at and below `node` tell apart among `numbers`; of other numbers it says nothing. When the
  // steps are used up, every number is a group of its own.
  NumberGroups groups(NodeId node, const NumberSet& numbers, const Domain& domain);

 private:
  static constexpr std::uint32_t no_set = 0xffffffff;

  NumberSet& at(NodeId id);
  bool depends_on_class_alone(const Node& node) const;
  bool is_decided(const Node& node) const;
  bool is_load(ExprId id, std::uint32_t offset) const;
  void split(const Node& node, NumberSet numbers, const Domain& domain);
  void spend(std::uint32_t steps) { steps_left_ -= std::min(steps, steps_left_); }
  NumberSet takers(const Node& node, const Domain& domain);
  void split_group(const Node& node, const NumberSet& numbers, const Domain& domain, NumberGroups& groups);
  std::uint32_t threshold(const Node& node, const Domain& domain) const;

  const Graph& graph_;
  NumberColumns columns_;
  std::uint32_t steps_left_ = max_number_steps(max_program_length);
  std::vector<std::uint32_t> set_of_;   // by node: index into sets_
  std::vector<std::uint64_t> waiting_;  // one bit a node: numbers have come to it
  std::vector<NumberSet> sets_;
  std::vector<Arrival> arrivals_;
  std::vector<std::uint32_t> visit_of_;  // by node: the last walk that met it
  std::uint32_t visit_ = 0;
  std::vector<NodeId> todo_;
  std::vector<NodeId> uneven_;           // tests that are more than one comparison of the number
};

}  // namespace callgate::compose
