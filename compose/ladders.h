// Ladders: chains of tests of one value for equality with one constant after the other. Most filters consist of them.
//
//   n5: if nr == 0x2 then n0 else n4        value nr, rungs n5 … n2, end n1 (golden: ladder.graph)
//   n4: if nr == 0x4 then n0 else n3
//   n3: if nr == 0x6 then n0 else n2        nr is 6:          skip(n5) is n0
//   n2: if nr == 0x12c then n0 else n1      nr is 7:          skip(n5) is n1, without a step on n4 … n2
//   n1: return ALLOW                        nr in 512 … 999:  skip(n5) is n1: no constant of a rung lies there
//
// The rungs of all ladders are in one hash table, by ladder and constant; an interval is compared with a few intervals
// that cover the constants. So a skip costs one step, and the first one on a ladder one step for each rung.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "compose/ir_names.h"
#include "ir/graph.h"
#include "ir/interner.h"

namespace callgate::compose {

// Finds the ladders of a graph, which may grow, when they are asked for. A tail that several ladders share belongs to
// the one that was found first, and is the end of the others.
class Ladders {
 public:
  explicit Ladders(const Graph& graph) : graph_(graph) {}

  // The node that the ladder at `node` leads to if its value lies in low … high: the successor of the rung whose
  // constant is equal, or the end of the ladder. `node` itself if no ladder begins there, or if the interval may
  // contain a constant. May throw std::bad_alloc.
  NodeId skip(NodeId node, std::uint32_t low, std::uint32_t high);

 private:
  static constexpr std::uint32_t fewest_rungs = 8;     // a shorter ladder is walked as fast
  static constexpr std::uint32_t unseen = 0xffffffff;  // values of ladder_of_ that are no index
  static constexpr std::uint32_t none = 0xfffffffe;

  // An interval that contains some of a ladder's constants. Constants lie in few blocks: the numbers of one or two
  // domains.
  struct Place {
    std::uint32_t least = 0;
    std::uint32_t greatest = 0;
  };
  struct Ladder {
    static constexpr std::uint32_t most_places = 4;

    NodeId end;  // the successor when no constant is equal
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
  IdMap<NodeId, std::uint32_t> ladder_of_;  // index of the ladder that a node is a rung of
  std::vector<Ladder> ladders_;
  Interner<Rung> rungs_;
};

}  // namespace callgate::compose
