// Where a value gets to down a ladder: as a walk from rung to rung says, for every value and every interval.
#include "compose/ladders.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "oracles/generator/random.h"
#include "tests/support/filter_graph.h"

namespace callgate::test {
namespace {

using ir::Compare;
using ir::NodeId;

struct Ladder {
  compose::FilterGraph graph;
  std::vector<NodeId> rungs;  // from the top
};

// Rungs that compare one word with the constants, and each of which leads to a leaf of its own.
Ladder ladder_of(const std::vector<std::uint32_t>& constants) {
  Ladder made;
  const ir::ExprId word = made.graph.load(16);
  NodeId next = made.graph.leaf(0x50000);
  for (std::size_t i = constants.size(); i-- > 0;) {
    const NodeId then = made.graph.leaf(static_cast<std::uint32_t>(i + 1));
    next = made.graph.test(Compare::equal, word, made.graph.constant(constants[i]), then, next);
    made.rungs.insert(made.rungs.begin(), next);
  }
  return made;
}

NodeId walk(const ir::Graph& graph, NodeId id, std::uint32_t value) {
  while (graph.node_at(id).kind == ir::NodeKind::test) {
    const ir::Node& node = graph.node_at(id);
    id = graph.constant_value(node.rhs()) == value ? node.then : node.otherwise;
  }
  return id;
}

TEST(Ladders, AreWhatAWalkSays) {
  oracles::Random random(3);
  for (int i = 0; i < 200; ++i) {
    SCOPED_TRACE(i);
    std::vector<std::uint32_t> constants;
    const std::uint32_t places = 1 + random.below(6);  // more than are told apart
    for (std::uint32_t n = 1 + random.below(40); n > 0; --n) {
      constants.push_back((random.below(places) << 29) + random.below(60));  // some twice
    }
    Ladder made = ladder_of(constants);
    compose::Ladders ladders(made.graph);
    std::set<std::uint32_t> values = {0, 0xffffffff};
    for (const std::uint32_t k : constants) values.insert({k - 1, k, k + 1});
    for (int n = 0; n < 20; ++n) {
      const NodeId from = made.rungs[random.below(static_cast<std::uint32_t>(made.rungs.size()))];
      for (const std::uint32_t value : values) {
        const NodeId to = ladders.skip(from, value, value);
        ASSERT_EQ(walk(made.graph, to, value), walk(made.graph, from, value)) << value;
      }
      const std::vector<std::uint32_t> any(values.begin(), values.end());
      std::uint32_t low = any[random.below(static_cast<std::uint32_t>(any.size()))];
      std::uint32_t high = any[random.below(static_cast<std::uint32_t>(any.size()))];
      if (low > high) std::swap(low, high);
      const NodeId to = ladders.skip(from, low, high);
      for (const std::uint32_t value : values) {
        if (value < low || value > high) continue;
        ASSERT_EQ(walk(made.graph, to, value), walk(made.graph, from, value)) << value << " in " << low << ".." << high;
      }
    }
  }
}

TEST(Ladders, AreGoneDownInOneStep) {
  const Ladder made = ladder_of({1, 2, 3, 4, 5, 6, 7, 8, 9, 0x40000001});
  compose::Ladders ladders(made.graph);
  const NodeId end = made.graph.node_at(made.rungs.back()).otherwise;
  EXPECT_EQ(ladders.skip(made.rungs[0], 7, 7), made.graph.node_at(made.rungs[6]).then);
  EXPECT_EQ(ladders.skip(made.rungs[0], 100, 100), end);
  EXPECT_EQ(ladders.skip(made.rungs[3], 512, 0x3fffffff), end) << "between two places";
  EXPECT_EQ(ladders.skip(made.rungs[0], 9, 600), made.rungs[0]);
  EXPECT_EQ(ladders.skip(made.rungs[5], 2, 2), made.rungs[5]) << "above, and perhaps again below";
}

TEST(Ladders, ShortOnesAreWalked) {
  const Ladder made = ladder_of({1, 2, 3});
  compose::Ladders ladders(made.graph);
  EXPECT_EQ(ladders.skip(made.rungs[0], 3, 3), made.rungs[0]);
  EXPECT_EQ(ladders.skip(made.rungs[1], 9, 10), made.rungs[1]);
}

// What is no test for equality with a constant is no rung: a ladder ends at it, and none begins there.
TEST(Ladders, EndAtWhatIsNoRung) {
  Ladder made = ladder_of({});
  const ir::ExprId word = made.graph.load(16);
  const ir::ExprId other = made.graph.load(24);
  const NodeId leaf = made.graph.leaf(1);
  const NodeId by_other = made.graph.test(Compare::equal, word, other, leaf, made.graph.leaf(2));
  const NodeId by_order = made.graph.test(Compare::greater_equal, word, made.graph.constant(99), leaf, by_other);
  for (const NodeId end : {by_other, by_order}) {
    NodeId head = end;
    for (std::uint32_t k = 0; k < 20; ++k)
      head = made.graph.test(Compare::equal, word, made.graph.constant(k), leaf, head);
    compose::Ladders ladders(made.graph);
    EXPECT_EQ(ladders.skip(head, 20, 30), end);
    EXPECT_EQ(ladders.skip(head, 7, 7), leaf);
    EXPECT_EQ(ladders.skip(end, 20, 30), end);
    EXPECT_EQ(ladders.skip(end, 7, 7), end);
  }
}

// A second ladder that runs into the middle of the first, and a graph that grows after it was looked at.
TEST(Ladders, MayShareTheirEnds) {
  Ladder made = ladder_of({10, 11, 12, 13, 14, 15, 16, 17, 18, 19});
  compose::Ladders ladders(made.graph);
  ladders.skip(made.rungs[0], 10, 10);
  NodeId head = made.rungs[4];
  const ir::ExprId word = made.graph.load(16);
  for (std::uint32_t k = 0; k < 9; ++k) {
    const NodeId then = made.graph.leaf(100 + k);
    head = made.graph.test(Compare::equal, word, made.graph.constant(k), then, head);
  }
  for (std::uint32_t value = 0; value < 25; ++value) {
    NodeId to = head;
    for (int i = 0; i < 3; ++i) {
      if (made.graph.node_at(to).kind == ir::NodeKind::test) to = ladders.skip(to, value, value);
    }
    EXPECT_EQ(walk(made.graph, to, value), walk(made.graph, head, value)) << value;
    EXPECT_NE(to, head) << value;
  }
}

}  // namespace
}  // namespace callgate::test
