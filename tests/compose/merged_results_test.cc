// What the results of a chain become, exhaustively over pairs and triples of actions with data, constant and computed:
// as one graph for all calls, and specialised with facts.
#include <gtest/gtest.h>

#include "callgate/action.hpp"
#include "compose/plan.h"
#include "ir/build.h"
#include "ir/check.h"
#include "ir/evaluate.h"
#include "oracles/reference/reference.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

// Every named action, with and without data; actions without name between them and at both ends.
constexpr std::uint32_t results[] = {
    0x80000000, 0x80000007, 0x80010000, 0xfffe0001, 0xffff0000, 0xffffffff, 0x00000000,
    0x00000009, 0x00010000, 0x00030000, 0x00030001, 0x00040000, 0x00050000, 0x0005000d,
    0x00060000, 0x7fc00000, 0x7fc00001, 0x7ff00000, 0x7ff00001, 0x7ff80000, 0x7ffbffff,
    0x7ffc0000, 0x7ffc0001, 0x7ffe0000, 0x7ffeffff, 0x7fff0000, 0x7fff0001, 0x7fffffff,
};

Program constant_filter(std::uint32_t result) {
  const Insn insns[] = {{0x06, 0, 0, result}};
  return program(insns);
}

// Returns the low half of argument `index`.
Program computed_filter(std::uint32_t index) {
  const Insn insns[] = {{0x20, 0, 0, 16 + 8 * index}, {0x16, 0, 0, 0}};
  return program(insns);
}

struct Setting {
  MergeRule rule;
  compose::Precision precision;
};

class MergedResults : public testing::TestWithParam<Setting> {
 protected:
  std::shared_ptr<const compose::Segment> merge(const std::vector<Program>& oldest_first) {
    const compose::Plan plan = compose::make_plan(oldest_first, {.rule = rule, .precision = GetParam().precision});
    EXPECT_EQ(plan.size(), 1u);
    EXPECT_NE(plan[0]->chain_graph(), nullptr);
    return plan[0];
  }
  // What calls of number 1 get.
  static ir::NodeId root_of(const compose::ChainGraph& decisions) { return decisions.root_of(1); }
  std::uint32_t decide(const compose::Segment& segment, const SeccompData& data) {
    return ir::evaluate(segment.chain_graph()->graph, root_of(*segment.chain_graph()), &data);
  }

  const MergeRule rule = GetParam().rule;
};

SeccompData call_with(std::uint32_t a, std::uint32_t b = 0, std::uint32_t c = 0) {
  return {1, arch::x86_64, 0, {a, b, c, 0, 0, 0}};
}

TEST_P(MergedResults, TwoConstants) {
  for (const std::uint32_t newer : results) {
    for (const std::uint32_t older : results) {
      const auto segment = merge({constant_filter(older), constant_filter(newer)});
      const std::uint32_t both[] = {older, newer};
      EXPECT_EQ(decide(*segment, call_with(0)), oracles::merged(both, rule)) << std::hex << newer << " over " << older;
      EXPECT_EQ(segment->chain_graph()->graph.node_count(), 1u) << "two constants are one constant";
    }
  }
}

TEST_P(MergedResults, ConstantsWithComputedResults) {
  for (const std::uint32_t constant : results) {
    const auto above = merge({computed_filter(0), constant_filter(constant)});
    const auto below = merge({constant_filter(constant), computed_filter(0)});
    for (const std::uint32_t computed : results) {
      const std::uint32_t constant_on_top[] = {computed, constant};
      const std::uint32_t computed_on_top[] = {constant, computed};
      SCOPED_TRACE(testing::Message() << std::hex << "constant " << constant << ", computed " << computed);
      EXPECT_EQ(decide(*above, call_with(computed)), oracles::merged(constant_on_top, rule));
      EXPECT_EQ(decide(*below, call_with(computed)), oracles::merged(computed_on_top, rule));
    }
  }
}

TEST_P(MergedResults, ThreeComputedResults) {
  const auto segment = merge({computed_filter(2), computed_filter(1), computed_filter(0)});
  for (const std::uint32_t a : results) {
    for (const std::uint32_t b : results) {
      for (const std::uint32_t c : results) {
        const std::uint32_t all[] = {c, b, a};
        ASSERT_EQ(decide(*segment, call_with(a, b, c)), oracles::merged(all, rule))
            << std::hex << a << ' ' << b << ' ' << c;
      }
    }
  }
}

// The same argument returned by all of them: what the first one learnt of it holds for the others.
TEST_P(MergedResults, TheSameComputedResultTwice) {
  const auto segment = merge({computed_filter(0), computed_filter(0)});
  for (const std::uint32_t a : results) {
    const std::uint32_t all[] = {a, a};
    ASSERT_EQ(decide(*segment, call_with(a)), oracles::merged(all, rule)) << std::hex << a;
  }
  if (rule == MergeRule::first_non_allow && GetParam().precision == compose::Precision::path_sensitive) {
    EXPECT_EQ(segment->chain_graph()->graph.node_count(), 3u) << "the second filter folds away";
  }
}

TEST_P(MergedResults, WhatCannotBeStricterFoldsAway) {
  EXPECT_EQ(merge({computed_filter(0), constant_filter(0x80000001)})->chain_graph()->graph.node_count(), 1u)
      << "nothing is stricter than KILL_PROCESS";
  EXPECT_EQ(merge({constant_filter(0x7fff0000), computed_filter(0)})->chain_graph()->graph.node_count(), 3u)
      << "ALLOW is stricter than nothing: the test of RET A, and its leaves";
}

TEST_P(MergedResults, AllowAboveLeavesTheOlderFilterAsItIs) {
  const Program older = program("ld [args[0].lo]\njeq #1, l\nret #LOG\nl: ret #TRAP");
  const auto alone = merge({older});
  const auto both = merge({older, constant_filter(0x7fff0005)});
  EXPECT_EQ(both->chain_graph()->roots, alone->chain_graph()->roots);
  EXPECT_EQ(both->chain_graph()->graph.node_count(), alone->chain_graph()->graph.node_count());
}

TEST_P(MergedResults, NodesRememberTheirFilter) {
  const auto segment = merge({program("ld [16]\njeq #1, l\nret #ALLOW\nl: ret #TRAP"),
                              program("ld [24]\njeq #2, l\nret #ALLOW\nl: ret #LOG")});
  const ir::Graph& graph = segment->chain_graph()->graph;
  const ir::Node& root = graph.node_at(root_of(*segment->chain_graph()));
  EXPECT_EQ(root.source.filter, 1u);
  EXPECT_EQ(root.source.pc, 1u);
  EXPECT_EQ(graph.node_at(root.otherwise).source.filter, 0u);
}

constexpr Setting settings[] = {{MergeRule::first_non_allow, compose::Precision::number_blind},
                                {MergeRule::first_non_allow, compose::Precision::path_sensitive},
                                {MergeRule::most_restrictive, compose::Precision::number_blind},
                                {MergeRule::most_restrictive, compose::Precision::path_sensitive}};
INSTANTIATE_TEST_SUITE_P(Rules, MergedResults, testing::ValuesIn(settings), [](const auto& test) {
  return std::string(name(test.param.rule)) + "_" + compose::name(test.param.precision);
});

}  // namespace
}  // namespace callgate::test
