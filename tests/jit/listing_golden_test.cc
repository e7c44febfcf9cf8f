// The operations that the generator asks of an assembler, for programs of tests/golden/ir: both tiers, both targets,
// the whole chain and the residuals of its action table. That the code decides right is shown beside the graphs of the
// same programs (tests/ir/golden_test.cc) and here for these forms.
#include <gtest/gtest.h>

#include <string>

#include "compose/plan.h"
#include "dispatch/action_table.h"
#include "dispatch/units.h"
#include "jit/compile.h"
#include "jit/listing.h"
#include "tests/support/agree.h"
#include "tests/support/golden_filters.h"

namespace callgate::test {
namespace {

constexpr const char* names[] = {
    "all_arithmetic",
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
    "computed_over_computed",
    "div_x_guard",
    "jset",
    "kill_thread",
    "residuals_shared",
    "ret_a",
    "scratch_diamond",
    "shifts_by_x",
    "unreachable_code",
    "x32_guard",
};

class ListingGolden : public testing::TestWithParam<const char*> {
 protected:
  const std::vector<Program> filters_ = golden_filters(std::string("ir/") + GetParam() + ".bpf");
};

std::string listing_of(const std::vector<Program>& oldest_first, Optimize level, Target target) {
  constexpr MergeRule rule = MergeRule::most_restrictive;
  const compose::Plan plan = compose::make_plan(oldest_first, {.rule = rule, .level = level});
  const auto residuals = detail::find_residuals(plan, rule);
  const auto units = detail::units_of(plan);
  jit::Request request = detail::seccomp_request(units, rule, Engine::asmjit, target);
  request.entry_roots = residuals.roots;
  const jit::Flow flow = jit::lower(jit::lower_request(request));
  return jit::listing(flow, jit::lay_out(flow, jit::abi_of(target), request.input), request.input, target);
}

TEST_P(ListingGolden, Listings) {
  std::string text;
  for (const Optimize level : {Optimize::none, Optimize::full}) {
    for (const Target target : {Target::x86_64, Target::x86_32}) {
      text += std::string("== ") + (level == Optimize::none ? "baseline" : "graph") + ", " + name(target) + "\n";
      text += listing_of(filters_, level, target);
    }
  }
  expect_golden(std::string("jit/") + GetParam() + ".lst", text);
}

TEST_P(ListingGolden, DecidesTheSameEverywhere) { ASSERT_AGREE(filters_, 5, 32); }

INSTANTIATE_TEST_SUITE_P(Programs, ListingGolden, testing::ValuesIn(names),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace callgate::test
