// Graphs of random programs decide as the interpreter does, alone and in chains, at every level of precision; the same
// chain gives the same graph.
#include <gtest/gtest.h>

#include "compose/plan.h"
#include "compose/print.h"
#include "ir/build.h"
#include "ir/check.h"
#include "ir/evaluate.h"
#include "ir/print.h"
#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "oracles/reference/reference.h"
#include "tests/support/filter_graph.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

void expect_sound(const compose::FilterGraph& graph) {
  const auto broken = check(graph);
  ASSERT_FALSE(broken.has_value()) << *broken;
}

TEST(RandomPrograms, DecideAsTheInterpreterDoes) {
  oracles::ProgramGenerator generator(21);
  std::uint32_t graphs = 0;
  for (int i = 0; i < 4000; ++i) {
    const Program filter = program(generator.valid(2 + static_cast<std::uint32_t>(generator.next() % 60)));
    auto graph = compose::build(filter);
    if (!graph) continue;
    ++graphs;
    expect_sound(*graph);
    const auto inputs = oracles::inputs_for(filter.instructions(), generator.next(), 16);
    for (const SeccompData& data : inputs) {
      ASSERT_EQ(evaluate(*graph, data), oracles::reference({&filter, 1}, MergeRule::first_non_allow, data))
          << "program " << i;
    }
  }
  EXPECT_GT(graphs, 3000u) << "most random programs have a graph";
}

struct Setting {
  MergeRule rule;
  compose::Precision precision;
};

class RandomChains : public testing::TestWithParam<Setting> {};

// Random numbers meet the graph of their class; a class of none picks among the rest.
TEST_P(RandomChains, DecideAsTheMergedInterpreterDoes) {
  const auto [rule, precision] = GetParam();
  const ir::Guards guards = precision == compose::Precision::number_blind ? ir::Guards::in_graph : ir::Guards::by_facts;
  oracles::ProgramGenerator generator(22);
  std::uint32_t graphs = 0;
  for (int i = 0; i < 500; ++i) {
    std::vector<Program> filters;
    std::vector<SeccompData> inputs;
    for (std::uint64_t n = 1 + generator.next() % 3; n > 0; --n) {
      filters.push_back(program(generator.valid(24)));
      const auto more = oracles::inputs_for(filters.back().instructions(), generator.next(), 16);
      inputs.insert(inputs.end(), more.begin(), more.end());
    }
    const compose::Plan plan = compose::make_plan(filters, {.rule = rule, .precision = precision});
    if (plan.size() != 1 || plan[0]->chain_graph() == nullptr) continue;
    const compose::ChainGraph& decisions = *plan[0]->chain_graph();
    if (decisions.precision != precision) continue;  // over a budget
    ++graphs;
    for (const SeccompData& data : inputs) {
      const ir::NodeId root = decisions.root_of(compose::class_of(data.nr, data.arch));
      ASSERT_EQ(ir::evaluate(decisions.graph, root, &data), oracles::reference(filters, rule, data)) << "chain " << i;
    }
    const auto broken = compose::check(decisions.graph, decisions.roots, guards);
    ASSERT_FALSE(broken.has_value()) << *broken << ", chain " << i;
  }
  EXPECT_GT(graphs, 350u) << "most random chains have a graph";
}

constexpr Setting settings[] = {{MergeRule::first_non_allow, compose::Precision::path_sensitive},
                                {MergeRule::first_non_allow, compose::Precision::per_number},
                                {MergeRule::first_non_allow, compose::Precision::number_blind},
                                {MergeRule::most_restrictive, compose::Precision::path_sensitive},
                                {MergeRule::most_restrictive, compose::Precision::per_number},
                                {MergeRule::most_restrictive, compose::Precision::number_blind}};
INSTANTIATE_TEST_SUITE_P(Settings, RandomChains, testing::ValuesIn(settings), [](const auto& test) {
  return std::string(name(test.param.rule)) + "_" + compose::name(test.param.precision);
});

// A plan as text, segment by segment.
std::string text_of(const compose::Plan& plan) {
  std::string text;
  for (const auto& segment : plan) {
    text += std::to_string(segment->oldest_filter) + "+" + std::to_string(segment->filter_count) + "\n";
    text += segment->chain_graph() != nullptr ? compose::to_text(*segment->chain_graph()) : "baseline\n";
  }
  return text;
}

TEST(RandomPlans, AreTheSameInEveryRun) {
  for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
    for (const compose::Precision precision :
         {compose::Precision::path_sensitive, compose::Precision::per_number, compose::Precision::number_blind}) {
      oracles::ProgramGenerator first(23);
      oracles::ProgramGenerator second(23);
      std::vector<Program> chains[2];
      compose::Plan plans[2];
      for (std::uint32_t i = 0; i < 12; ++i) {
        chains[0].push_back(program(first.valid(40)));
        chains[1].push_back(program(second.valid(40)));
        for (std::size_t run = 0; run < 2; ++run) {
          const std::vector<Program>& chain = chains[run];
          const Program* newest[] = {&chain.back()};
          plans[run] = compose::attach(plans[run], newest, i, {.rule = rule, .precision = precision});
        }
        ASSERT_EQ(text_of(plans[0]), text_of(plans[1]));
      }
    }
  }
}

}  // namespace
}  // namespace callgate::test
