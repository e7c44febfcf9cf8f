// Composition of results, exhaustively over pairs and triples of actions with data, constant and computed.
#include <gtest/gtest.h>

#include "callgate/action.hpp"
#include "ir/build.h"
#include "ir/check.h"
#include "ir/compose.h"
#include "ir/evaluate.h"
#include "ir/opt/passes.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

// Every named action, with and without data; actions without name between them and at both ends.
constexpr std::uint32_t results[] = {
    0x80000000, 0x80000007, 0x80010000, 0xfffe0001, 0xffff0000, 0xffffffff, 0x00000000, 0x00000009, 0x00010000,
    0x00030000, 0x00030001, 0x00040000, 0x00050000, 0x0005000d, 0x00060000, 0x7fc00000, 0x7fc00001, 0x7ff00000,
    0x7ff00001, 0x7ffc0000, 0x7ffc0001, 0x7ffe0000, 0x7ffeffff, 0x7fff0000, 0x7fff0001, 0x7fffffff,
};

// The order of docs: KILL_PROCESS, other negatives, KILL_THREAD, the rest by number, ALLOW.
std::uint64_t strictness(std::uint32_t result) { return ((result >> 16) + 0x8000u) % 0x10000u; }

std::uint32_t merged(std::span<const std::uint32_t> newest_first, MergeRule rule) {
  std::uint32_t best = 0x7fff0000;
  for (const std::uint32_t result : newest_first) {
    if (strictness(result) >= strictness(best)) continue;
    if (rule == MergeRule::first_non_allow) return result;
    best = result;
  }
  return best;
}

ir::Graph constant_filter(std::uint32_t result) {
  const Insn insns[] = {{0x06, 0, 0, result}};
  return *ir::build(program(insns));
}

// Returns the low half of argument `index`.
ir::Graph computed_filter(std::uint32_t index) {
  const Insn insns[] = {{0x20, 0, 0, 16 + 8 * index}, {0x16, 0, 0, 0}};
  return *ir::build(program(insns));
}

class Compose : public testing::TestWithParam<MergeRule> {
 protected:
  ir::Graph compose(const ir::Graph& newer, const ir::Graph& older) {
    auto graph = ir::compose(newer, older, GetParam());
    EXPECT_TRUE(graph.has_value());
    EXPECT_EQ(ir::check(*graph), std::nullopt);
    return std::move(*graph);
  }
};

TEST_P(Compose, TwoConstants) {
  for (const std::uint32_t newer : results) {
    for (const std::uint32_t older : results) {
      ir::Graph graph = compose(constant_filter(newer), constant_filter(older));
      const std::uint32_t both[] = {newer, older};
      EXPECT_EQ(ir::evaluate(graph, {}), merged(both, GetParam())) << std::hex << newer << " over " << older;
      ir::remove_dead_nodes(graph);
      EXPECT_EQ(graph.node_count(), 1u) << "two constants are one constant";
    }
  }
}

TEST_P(Compose, ConstantsWithComputedResults) {
  for (const std::uint32_t constant : results) {
    const ir::Graph above = compose(constant_filter(constant), computed_filter(0));
    const ir::Graph below = compose(computed_filter(0), constant_filter(constant));
    for (const std::uint32_t computed : results) {
      SeccompData data{};
      data.args[0] = computed;
      const std::uint32_t constant_first[] = {constant, computed};
      const std::uint32_t computed_first[] = {computed, constant};
      SCOPED_TRACE(testing::Message() << std::hex << "constant " << constant << ", computed " << computed);
      EXPECT_EQ(ir::evaluate(above, data), merged(constant_first, GetParam()));
      EXPECT_EQ(ir::evaluate(below, data), merged(computed_first, GetParam()));
    }
  }
}

// Composed from the right, as attach() does it.
TEST_P(Compose, ThreeComputedResults) {
  const ir::Graph graph = compose(computed_filter(0), compose(computed_filter(1), computed_filter(2)));
  for (const std::uint32_t a : results) {
    for (const std::uint32_t b : results) {
      for (const std::uint32_t c : results) {
        const std::uint32_t all[] = {a, b, c};
        ASSERT_EQ(ir::evaluate(graph, {0, 0, 0, {a, b, c, 0, 0, 0}}), merged(all, GetParam()))
            << std::hex << a << ' ' << b << ' ' << c;
      }
    }
  }
}

TEST_P(Compose, WhatCannotBeStricterFoldsAway) {
  ir::Graph graph = compose(constant_filter(0x80000001), computed_filter(0));
  ir::remove_dead_nodes(graph);
  EXPECT_EQ(graph.node_count(), 1u) << "nothing is stricter than KILL_PROCESS";
  graph = compose(computed_filter(0), constant_filter(0x7fff0000));
  ir::remove_dead_nodes(graph);
  EXPECT_EQ(graph.node_count(), 3u) << "ALLOW is stricter than nothing: the test of RET A, and its leaves";
}

TEST_P(Compose, AllowAboveIsTheOlderGraphItself) {
  ir::Graph older = *ir::build(program("ld [0]\njeq #1, l\nret #LOG\nl: ret #TRAP"));
  const ir::Graph graph = compose(constant_filter(0x7fff0005), older);
  EXPECT_EQ(graph.root, older.root);
  EXPECT_EQ(graph.node_count(), older.node_count());
}

TEST_P(Compose, NodesRememberTheirFilter) {
  const ir::Graph older = *ir::build(program("ld [0]\njeq #1, l\nret #ALLOW\nl: ret #TRAP"), 0);
  const ir::Graph newer = *ir::build(program("ld [4]\njeq #2, l\nret #ALLOW\nl: ret #LOG"), 1);
  const ir::Graph graph = compose(newer, older);
  const ir::Node& root = graph.node_at(graph.root);
  EXPECT_EQ(root.source.filter, 1u);
  EXPECT_EQ(root.source.pc, 1u);
  EXPECT_EQ(graph.node_at(root.otherwise).source.filter, 0u);
}

INSTANTIATE_TEST_SUITE_P(Rules, Compose, testing::Values(MergeRule::first_non_allow, MergeRule::most_restrictive),
                         [](const auto& test) { return std::string(name(test.param)); });

}  // namespace
}  // namespace callgate::test
