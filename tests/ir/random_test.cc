// Graphs of random programs decide as the interpreter does, alone and composed; the same program gives the same graph.
#include <gtest/gtest.h>

#include "fuzz/generator/inputs.h"
#include "fuzz/generator/program_generator.h"
#include "ir/build.h"
#include "ir/check.h"
#include "ir/compose.h"
#include "ir/evaluate.h"
#include "ir/opt/passes.h"
#include "ir/plan.h"
#include "ir/print.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

// An ALLOW with data is plain ALLOW in a graph.
std::uint32_t contribution(std::uint32_t result) { return (result & 0xffff0000) == 0x7fff0000 ? 0x7fff0000 : result; }

std::uint32_t merged(const std::vector<Program>& oldest_first, MergeRule rule, const SeccompData& data) {
  std::int64_t best = 0x7fff0000;
  std::uint32_t result = 0x7fff0000;
  for (std::size_t i = oldest_first.size(); i-- > 0;) {
    const std::uint32_t given = interpret(oldest_first[i], data);
    const std::uint32_t action = given & 0xffff0000;
    const std::int64_t rank = action < 0x80000000 ? std::int64_t{action} : std::int64_t{action} - 0x100000000;
    if (rank >= best) continue;
    best = rank;
    result = given;
    if (rule == MergeRule::first_non_allow) break;
  }
  return result;
}

void expect_sound(const ir::Graph& graph) {
  const auto broken = ir::check(graph);
  ASSERT_FALSE(broken.has_value()) << *broken;
}

TEST(RandomPrograms, DecideAsTheInterpreterDoes) {
  fuzz::ProgramGenerator generator(21);
  std::uint32_t graphs = 0;
  for (int i = 0; i < 4000; ++i) {
    const Program filter = program(generator.valid(2 + static_cast<std::uint32_t>(generator.next() % 60)));
    auto graph = ir::build(filter);
    if (!graph) continue;
    ++graphs;
    expect_sound(*graph);
    const auto inputs = fuzz::inputs_for(filter.instructions(), generator.next(), 16);
    for (const SeccompData& data : inputs) {
      ASSERT_EQ(ir::evaluate(*graph, data), contribution(interpret(filter, data))) << "program " << i;
    }
    ir::fold_constants(*graph);
    ir::remove_dead_nodes(*graph);
    expect_sound(*graph);
    for (const SeccompData& data : inputs) {
      ASSERT_EQ(ir::evaluate(*graph, data), contribution(interpret(filter, data))) << "after passes, program " << i;
    }
  }
  EXPECT_GT(graphs, 3000u) << "most random programs have a graph";
}

class RandomChains : public testing::TestWithParam<MergeRule> {};

TEST_P(RandomChains, DecideAsTheMergedInterpreterDoes) {
  fuzz::ProgramGenerator generator(22);
  std::uint32_t composed = 0;
  for (int i = 0; i < 1500; ++i) {
    std::vector<Program> filters;
    std::vector<SeccompData> inputs;
    std::optional<ir::Graph> graph;
    for (std::uint64_t n = 2 + generator.next() % 2; n > 0; --n) {
      filters.push_back(program(generator.valid(24)));
      const auto more = fuzz::inputs_for(filters.back().instructions(), generator.next(), 12);
      inputs.insert(inputs.end(), more.begin(), more.end());
      auto newer = ir::build(filters.back(), static_cast<std::uint32_t>(filters.size() - 1));
      if (newer && graph)
        graph = ir::compose(*newer, *graph, GetParam());
      else
        graph = filters.size() == 1 ? std::move(newer) : std::nullopt;
      if (!graph) break;
      expect_sound(*graph);
    }
    if (!graph) continue;
    ++composed;
    for (const SeccompData& data : inputs) {
      ASSERT_EQ(ir::evaluate(*graph, data), merged(filters, GetParam(), data)) << "chain " << i;
    }
  }
  EXPECT_GT(composed, 1000u) << "most random chains compose";
}

INSTANTIATE_TEST_SUITE_P(Rules, RandomChains, testing::Values(MergeRule::first_non_allow, MergeRule::most_restrictive),
                         [](const auto& test) { return std::string(name(test.param)); });

// A plan as text, segment by segment.
std::string text_of(const ir::Plan& plan) {
  std::string text;
  for (const auto& segment : plan) {
    text += std::to_string(segment->oldest_filter) + "+" + std::to_string(segment->filter_count) + "\n";
    text += segment->graph() != nullptr ? ir::to_text(*segment->graph()) : "straight\n";
  }
  return text;
}

TEST(RandomPlans, AreTheSameInEveryRun) {
  for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
    fuzz::ProgramGenerator first(23);
    fuzz::ProgramGenerator second(23);
    ir::Plan plans[2];
    for (std::uint32_t i = 0; i < 40; ++i) {
      plans[0] = ir::attach(plans[0], program(first.valid(40)), i, rule, Optimize::full);
      plans[1] = ir::attach(plans[1], program(second.valid(40)), i, rule, Optimize::full);
      ASSERT_EQ(text_of(plans[0]), text_of(plans[1]));
    }
  }
}

}  // namespace
}  // namespace callgate::test
