// Each program of tests/golden/ir: its graph when built, and what the chain of all decides at every level of precision
// and by both rules; and that all engines decide the same.
#include <gtest/gtest.h>

#include <string>

#include "compose/plan.h"
#include "compose/print.h"
#include "ir/build.h"
#include "ir/check.h"
#include "ir/print.h"
#include "tests/support/agree.h"
#include "tests/support/filter_graph.h"
#include "tests/support/golden_filters.h"

namespace callgate::test {
namespace {

constexpr const char* names[] = {
    "all_arithmetic",
    "allow_with_data_in_chain",
    "choice_interval",
    "choice_points",
    "choice_set",
    "choice_set_at_a_base",
    "choice_split",
    "choice_wide_interval",
    "choice_wide_points",
    "choice_wide_set",
    "choice_wide_split",
    "compare_64_bits",
    "computed_over_allow",
    "computed_over_computed",
    "computed_over_constant",
    "constant_folding",
    "constant_over_computed",
    "dead_values",
    "decided_test",
    "div_x_constant",
    "div_x_guard",
    "div_x_zero",
    "division_below_a_merge",
    "jset",
    "kill_process_over_computed",
    "kill_thread",
    "ladder",
    "length",
    "older_folds_away",
    "residuals_shared",
    "ret_a",
    "ret_a_constant",
    "same_filter_twice",
    "same_way_twice",
    "scratch_diamond",
    "scratch_diamond_dead",
    "shifts_by_x",
    "ties_keep_the_newest",
    "trivial_jumps",
    "unknown_actions",
    "unreachable_code",
    "x32_guard",
};

class IrGolden : public testing::TestWithParam<const char*> {
 protected:
  const std::string path_ = std::string("ir/") + GetParam();
  const std::vector<Program> filters_ = golden_filters(path_ + ".bpf");
};

std::string built(const Program& program, std::size_t filter) {
  const auto graph = compose::build(program, static_cast<std::uint32_t>(filter));
  EXPECT_TRUE(graph.has_value());
  EXPECT_EQ(check(*graph), std::nullopt);
  return to_text(*graph);
}

std::string decided(const std::vector<Program>& oldest_first, MergeRule rule, compose::Precision precision) {
  const compose::Plan plan = compose::make_plan(oldest_first, {.rule = rule, .precision = precision});
  EXPECT_EQ(plan.size(), 1u);
  EXPECT_NE(plan[0]->chain_graph(), nullptr);
  return to_text(*plan[0]->chain_graph());
}

TEST_P(IrGolden, Graphs) {
  std::string text;
  for (std::size_t i = 0; i < filters_.size(); ++i) {
    text += "== filter " + std::to_string(i) + ", built\n" + built(filters_[i], i);
  }
  for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
    for (const compose::Precision precision :
         {compose::Precision::number_blind, compose::Precision::per_number, compose::Precision::path_sensitive}) {
      text +=
          std::string("== ") + name(rule) + ", " + compose::name(precision) + "\n" + decided(filters_, rule, precision);
    }
  }
  expect_golden(path_ + ".graph", text);
}

TEST_P(IrGolden, DecidesTheSameEverywhere) { ASSERT_AGREE(filters_, 5, 64); }

INSTANTIATE_TEST_SUITE_P(Programs, IrGolden, testing::ValuesIn(names),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace callgate::test
