// The flow of the numbers of one domain through the graph of a filter, up to the first test of an argument, and the
// groups of numbers that the tests behind it do not tell apart. A dataflow analysis over a graph without loops: the
// value at a node is the set of numbers that arrive there. The filter of tests/golden/ir/residuals_shared.graph, and
// x86_64:
//
//   n6: if nr == 0x5 then n2 else n5               all 512 numbers
//   n5: if nr == 0x9 then n3 else n4               all but 5
//   n4: if nr == 0x12c then n2 else n1             all but 5 and 9
//   n3: if args[1].lo & 0x200 then n0 else n1      arrival: 9
//   n2: if args[0].lo == 0x1 then n0 else n1       arrival: 5, 300 (of one group: no test below depends on the number)
//   n1: return ALLOW                               arrival: all but 5, 9 and 300
//   n0: return ERRNO(13)
//
// Sets have one bit for each number, so a ladder of n tests costs n steps and not n for each number. (The kernel's
// seccomp_is_const_allow() asks about one number at a time.)
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "compose/call_class.h"
#include "compose/ir_names.h"
#include "compose/number_columns.h"
#include "compose/number_set.h"
#include "ir/graph.h"

namespace callgate::compose {

// A leaf, or a test that depends on more than number and architecture, and the numbers that arrive at it.
struct Arrival {
  NodeId node;
  NumberSet numbers;
};

// A partition of the numbers of a domain: every test that depends on number and architecture alone has the same answer
// for all numbers of a group.
struct NumberGroups {
  static constexpr std::uint32_t most = 2 * numbers_per_domain + 1;

  std::array<std::uint32_t, numbers_per_domain> of;  // by number: its group, which is less than `count`
  std::uint32_t count = 0;
};

// The budget of steps for a filter of so many instructions. A test that is more than one comparison of the number
// (JSET, arithmetic) is computed for all numbers of the domain; when the steps are used up, it counts as a test that
// depends on more. A step is about 100 ns; real filters take few.
constexpr std::uint32_t max_number_steps(std::size_t insns) { return static_cast<std::uint32_t>(2'048 + 4 * insns); }

// An object may be used for several roots and domains of one graph that grows.
class NumberFlow {
 public:
  explicit NumberFlow(const Graph& graph) : graph_(graph), columns_(graph) {}

  // Sets the budget of all calls from here on.
  void allow(std::uint32_t steps) { steps_left_ = steps; }

  std::uint32_t steps_left() const { return steps_left_; }

  // All numbers of the domain, by the node that they arrive at from `root`. Valid until the next call. May throw
  // std::bad_alloc.
  std::span<const Arrival> run(NodeId root, const Domain& domain);

  // The groups of `numbers` that the tests at and below `node` tell apart; which group other numbers have means
  // nothing. When the steps are used up, every number is a group of its own.
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
  IdMap<NodeId, std::uint32_t> set_of_;  // by node: index into sets_
  std::vector<std::uint64_t> waiting_;   // one bit a node: numbers have come to it
  std::vector<NumberSet> sets_;
  std::vector<Arrival> arrivals_;
  IdMap<NodeId, std::uint32_t> visit_of_;  // by node: the last walk that met it
  std::uint32_t visit_ = 0;
  std::vector<NodeId> todo_;
  std::vector<NodeId> uneven_;  // tests that are more than one comparison of the number
};

}  // namespace callgate::compose
