// The decision graph of a chain, specialised for every class of calls: one shared graph with a root for each class.
#pragma once

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
// `per_number` may take a quarter and `number_blind` a half, because they are tried when another precision was over its
// budget. Real filters take fewer than ten steps for each instruction; a step is about 60 ns.
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
};

// The budget of steps for `newer` on top of `older`.
std::uint32_t step_budget(const ChainGraph& older, std::span<const Program* const> newer, Precision precision);

// ChainGraph of a chain without filters.
ChainGraph allow_all(Precision precision);

// ChainGraph of the chain with `newer` (oldest first) on top of one that decides as `older`; the first of them has
// number `filter` in the chain. Empty when a filter has no graph (ir/build.h) or a budget is exceeded. `older` must
// have been made for the same composition. May throw std::bad_alloc.
std::optional<ChainGraph> attach(const ChainGraph& older, std::span<const Program* const> newer, std::uint32_t filter,
                                 const Composition& composition);

}  // namespace callgate::compose
