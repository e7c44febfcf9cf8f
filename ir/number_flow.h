// Where the numbers of one domain get to in a filter's graph before an argument is looked at, and which of them are alike
// from there on.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "callgate/program.hpp"
#include "ir/call_class.h"
#include "ir/graph.h"

namespace callgate::ir {

// A set of numbers, relative to the first of a domain.
class NumberSet {
 public:
  static NumberSet all() {
    NumberSet set;
    set.words_.fill(~std::uint64_t{0});
    return set;
  }

  bool contains(std::uint32_t n) const { return (words_[n / 64] >> n % 64 & 1) != 0; }
  bool empty() const {
    return std::all_of(words_.begin(), words_.end(), [](std::uint64_t word) { return word == 0; });
  }
  void insert(std::uint32_t n) { words_[n / 64] |= std::uint64_t{1} << n % 64; }
  void insert(const NumberSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }
  // Takes one number out. False if it is not in.
  bool take(std::uint32_t n) {
    if (n >= numbers_per_domain || !contains(n)) return false;
    words_[n / 64] &= ~(std::uint64_t{1} << n % 64);
    return true;
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::uint32_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t word = words_[i]; word != 0; word &= word - 1) {
        visit(i * 64 + static_cast<std::uint32_t>(std::countr_zero(word)));
      }
    }
  }
  // Moves the numbers from `begin` on out of this set.
  NumberSet split_off(std::uint32_t begin) {
    NumberSet upper;
    for (std::uint32_t i = begin / 64; i < words_.size(); ++i) {
      const std::uint64_t mask = i == begin / 64 ? ~std::uint64_t{0} << begin % 64 : ~std::uint64_t{0};
      upper.words_[i] = words_[i] & mask;
      words_[i] &= ~mask;
    }
    return upper;
  }

 private:
  std::array<std::uint64_t, numbers_per_domain / 64> words_{};
};

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

// Where a test cannot be decided for a whole set at once (JSET, arithmetic on the number), numbers are asked one by one; when
// the steps that may be taken for a filter of so many instructions are used up, such a test counts as one that asks about more.
// A step is about 5 ns; real filters take few.
constexpr std::uint32_t max_number_steps(std::size_t insns) { return static_cast<std::uint32_t>(16'384 + 12 * insns); }

// Sets of numbers flow through a graph, so that a ladder of n tests costs n steps and not n for each number. (The kernel's
// seccomp_is_const_allow() asks about one number at a time.) An object may be used for several roots and domains of one
// graph that grows.
class NumberFlow {
 public:
  explicit NumberFlow(const Graph& graph) : graph_(graph) {}

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
  bool takes(const Node& node, std::uint32_t n, const Domain& domain);
  void split_group(const Node& node, const NumberSet& numbers, const Domain& domain, NumberGroups& groups);
  std::uint32_t threshold(const Node& node, const Domain& domain) const;

  const Graph& graph_;
  std::uint32_t steps_left_ = max_number_steps(max_program_length);
  std::vector<std::uint32_t> set_of_;   // by node: index into sets_
  std::vector<std::uint64_t> waiting_;  // one bit a node: numbers have come to it
  std::vector<NumberSet> sets_;
  std::vector<Arrival> arrivals_;
  std::vector<std::uint32_t> visit_of_;  // by node: the last walk that met it
  std::uint32_t visit_ = 0;
  std::vector<NodeId> todo_;
  std::vector<NodeId> uneven_;           // tests that are asked for each number
};

}  // namespace callgate::ir
