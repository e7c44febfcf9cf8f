// Ladders: runs of tests of one value for equality with one constant after the other, as most filters are made of. Whoever
// knows the value, or where it lies, goes down a ladder in one step.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "compose/ir_names.h"
#include "ir/graph.h"
#include "ir/interner.h"

namespace callgate::compose {

// Finds the ladders of a graph, which may grow, where they are asked for. Shared tails belong to the ladder that was found
// first.
class Ladders {
 public:
  explicit Ladders(const Graph& graph) : graph_(graph) {}

  // Where the calls get to from the test `node` whose left side lies in low … high: somewhere further down, or `node` when
  // that cannot be told at once. May throw std::bad_alloc.
  NodeId skip(NodeId node, std::uint32_t low, std::uint32_t high);

 private:
  static constexpr std::uint32_t fewest_rungs = 8;  // below that, to walk is as fast
  static constexpr std::uint32_t unseen = 0xffffffff;
  static constexpr std::uint32_t none = 0xfffffffe;

  // Constants lie in a few places: the numbers of one or two domains. An interval between those passes all rungs.
  struct Place {
    std::uint32_t least = 0;
    std::uint32_t greatest = 0;
  };
  struct Ladder {
    static constexpr std::uint32_t most_places = 4;

    NodeId end;  // where those get to who equal none of the constants
    std::uint32_t place_count = 0;
    std::array<Place, most_places> places = {};

    void add(std::uint32_t k);
    bool may_equal(std::uint32_t low, std::uint32_t high) const;
  };
  struct Rung {
    std::uint32_t ladder;
    std::uint32_t k;
    NodeId node;  // the first that compares with k; not part of identity
    bool operator==(const Rung& other) const { return ladder == other.ladder && k == other.k; }
    std::uint32_t hash() const { return mix(ladder, k, 0); }
  };

  bool is_rung(NodeId id, ExprId value) const;
  void find(NodeId head);

  const Graph& graph_;
  std::vector<std::uint32_t> ladder_of_;  // by node
  std::vector<Ladder> ladders_;
  Interner<Rung> rungs_;
};

}  // namespace callgate::compose
