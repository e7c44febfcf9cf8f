// The decision graph of a chain, specialised for every class of calls: one shared graph with a root for each class.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "callgate/options.hpp"
#include "callgate/program.hpp"
#include "compose/call_class.h"
#include "compose/ir_names.h"
#include "compose/seccomp.h"
#include "ir/build.h"
#include "ir/graph.h"

namespace callgate::compose {

// How much the specialiser may know. Each level costs less than the one before it and is possible for more programs.
enum class Precision : std::uint8_t {
  path_sensitive,  // every class on its own, with the facts of each path
  per_number,      // every class on its own
  number_blind,    // one graph for all calls
  baseline,        // no graph: each filter in its baseline form
};
const char* name(Precision precision);

// Budget of steps for putting filters on top of a graph: in proportion to the new instructions and to the nodes of the
// older graph, and at most a fixed number for each max_program_length instructions and for each filter, of which
// `per_number` may take a quarter, `number_blind` a half, and a graph of its own a quarter, because they are tried when
// something else was over its budget. Real filters take fewer than ten steps for each instruction; a step is about 60
// ns.
//
// Filters that are attached together have one budget, to which each adds its share when its turn comes: a filter that
// is over the budget costs what it may cost, and not what others may, however many there are and whatever lies below.
//
// From the middle of the budget on a path takes no facts along into the older filters. What it would have pruned there
// it leaves, which costs decisions a test that was answered before; and a filter costs steps for what it tests itself,
// not for all that lies below it. So a chain of small filters takes steps in proportion to their number.
inline constexpr std::uint32_t max_specialise_steps = 40'000;
inline constexpr std::uint32_t least_specialise_steps = 8'192;
inline constexpr std::uint32_t specialise_steps_per_insn = 16;
inline constexpr std::uint32_t specialise_steps_per_filter = 64;

// The most nodes of the graph of one chain at the end of an attach.
inline constexpr std::uint32_t max_decision_nodes = 1u << 15;

struct ChainGraph {
  Graph graph{seccomp_input};  // holds just what the roots reach
  std::vector<NodeId> roots;   // by class (compose/call_class.h); a single one if the precision is number_blind
  NodeId rest = {};            // for calls that the action table does not keep: picks among the rest classes
  Precision precision = Precision::path_sensitive;
  bool has_classes = true;  // tests were left out because the class that a root is for decides them

  // The same decisions by one root, for all calls: tests of the number lead to the roots of the classes. A graph that
  // is to lie below another one, or below a baseline form, must be entered without a class. Takes time in proportion to
  // the graph. May throw std::bad_alloc.
  ChainGraph without_numbers(const FixedWords& fixed) const;

  bool by_number() const { return precision != Precision::number_blind; }
  // The root for calls of a domain, or of those that the table does not keep (class_count).
  NodeId root_of(std::uint32_t class_id) const {
    if (!by_number()) return roots[0];
    return class_id == class_count ? rest : roots[class_id];
  }
};

// How the filters of a chain are put on top of each other: the same for all of them.
struct Composition {
  MergeRule rule = MergeRule::first_non_allow;
  FixedWords fixed = {};  // words that the layout makes constant
  Precision precision = Precision::path_sensitive;
  std::uint32_t most_nodes = max_decision_nodes;  // at the end of an attach, if that is less than what all may have
};

// The ways to put filters on top of a chain, from the dearest to the cheapest but for the baseline form: with each
// precision, and number-blind as a graph of their own, which does not multiply by what lies below.
enum class Way : std::uint8_t { path_sensitive, per_number, number_blind, alone };
constexpr Precision precision_of(Way way) {
  return way == Way::alone ? Precision::number_blind : static_cast<Precision>(way);
}

// What the filters of one attach may take, in each way, and have taken.
class StepBudget {
 public:
  // At most `most` steps in all ways together, if it is not 0.
  explicit StepBudget(std::uint32_t older_nodes, std::uint32_t most = 0) : older_nodes_(older_nodes), most_(most) {}

  bool has_limit() const { return most_ != 0; }

  // The turn of another filter has come.
  void add(const Program& filter) {
    insns_ += filter.size();
    ++filters_;
  }
  // Steps that all filters whose turn has come may take, and what is left of them.
  std::uint32_t limit(Way way) const;
  std::uint32_t left(Way way) const { return limit(way) - std::min(limit(way), spent_[static_cast<std::size_t>(way)]); }
  void spend(Way way, std::uint32_t steps) { spent_[static_cast<std::size_t>(way)] += steps; }

 private:
  std::uint64_t insns_ = 0;
  std::uint64_t filters_ = 0;
  std::uint32_t older_nodes_;
  std::uint32_t most_;
  std::array<std::uint32_t, 4> spent_{};  // by way
};

// ChainGraph of a chain without filters.
ChainGraph allow_all(Precision precision);

// ChainGraph of the chain with `newer` (oldest first) on top of one that decides as `older`; the first of them has
// number `filter` in the chain. Empty when a filter has no graph (ir/build.h) or a budget is exceeded. `older` has the
// same rule and the same fixed words; if it is by number, so is the composition, and the other way round. May throw
// std::bad_alloc.
std::optional<ChainGraph> attach(const ChainGraph& older, std::span<const Program* const> newer, std::uint32_t filter,
                                 const Composition& composition);

// The same for as many of the filters as the budget allows; they are taken off `newer`. At least one, or the result is
// empty. The turn of the first of them has come already. The composition has the precision of the way.
std::optional<ChainGraph> attach_some(const ChainGraph& older, std::span<const Program* const>& newer,
                                      std::uint32_t filter, const Composition& composition, Way way,
                                      StepBudget& budget);

}  // namespace callgate::compose
