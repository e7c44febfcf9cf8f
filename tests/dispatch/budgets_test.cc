// Budgets of an attach: over them a chain loses precision and says so, and never decides otherwise.
#include <gtest/gtest.h>

#include <vector>

#include "dispatch/image.h"
#include "oracles/generator/adversaries.h"
#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

std::vector<SeccompData> calls_of(const std::vector<Program>& filters) {
  std::vector<SeccompData> calls;
  for (const Program& filter : filters) {
    for (const SeccompData& call : oracles::inputs_for(filter.instructions(), 11, 24)) calls.push_back(call);
  }
  return calls;
}

// Real in shape: numbers, arguments, and results of some kinds.
std::vector<Program> usual_filters() {
  std::string text = "ld [arch]\njeq #0xc000003e, go\nret #KILL_PROCESS\ngo: ld [nr]\n";
  for (int i = 0; i < 40; ++i) text += "jeq #" + std::to_string(3 * i) + ", r" + std::to_string(i % 4) + "\n";
  text +=
      "ret #ALLOW\nr1: ld [args[0].lo]\njset #0x12345, r0\nmul #7\njgt #5000, r2\nret #ALLOW\n"
      "r2: ld [args[1].lo]\nadd #3\njeq #77, r3\nret #ALLOW\nr3: ret #TRAP\nr0: ret #ERRNO(1)";
  return {program(text), program("ld [nr]\njge #0x40000000, no\nret #ALLOW\nno: ret #ERRNO(38)")};
}

class Budget : public testing::TestWithParam<Options> {
 protected:
  void expect_right(const std::vector<Program>& filters, const Chain& chain) {
    for (const SeccompData& call : calls_of(filters)) {
      ASSERT_EQ(chain.evaluate(call), oracles::reference(filters, chain.options().rule, call));
    }
  }
};

TEST_P(Budget, OfStepsTakesPrecisionAway) {
  const std::vector<Program> filters = usual_filters();
  Options options = GetParam();
  Precision last = Precision::baseline;
  for (const std::uint32_t steps : {1u, 60u, 1'000u, 4'000u, 1'000'000u, 0u}) {
    SCOPED_TRACE(steps);
    options.step_limit = steps;
    const Chain chain = chain_of(filters, options);
    ASSERT_NO_FATAL_FAILURE(expect_right(filters, chain));
    EXPECT_LE(chain.precision(), last);
    last = chain.precision();
    if (steps == 1) {
      EXPECT_EQ(chain.precision(), Precision::baseline);
      EXPECT_EQ(chain.degraded(), options.engine != Engine::interpreter && options.optimize == Optimize::full);
    }
  }
  EXPECT_EQ(last, chain_of(filters, GetParam()).precision());
}

TEST_P(Budget, OfNodesTakesPrecisionAway) {
  const std::vector<Program> filters = usual_filters();
  Options options = GetParam();
  for (const std::uint32_t nodes : {1u, 5u, 20u, 100u, 0u}) {
    SCOPED_TRACE(nodes);
    options.node_limit = nodes;
    const Chain chain = chain_of(filters, options);
    ASSERT_NO_FATAL_FAILURE(expect_right(filters, chain));
    if (nodes == 1) {
      EXPECT_EQ(chain.precision(), Precision::baseline);
      EXPECT_EQ(chain.degraded(), options.engine != Engine::interpreter && options.optimize == Optimize::full);
    }
    if (nodes == 0) {
      EXPECT_EQ(chain.precision(), chain_of(filters, GetParam()).precision());
    }
  }
}

TEST_P(Budget, OfBytesIsNeverPassed) {
  const std::vector<Program> filters = usual_filters();
  Options options = GetParam();
  for (const std::uint32_t bytes : {1u, 40u, 200u, 700u, 2'000u, 6'500u, 9'000u, 100'000u, 0u}) {
    SCOPED_TRACE(bytes);
    options.byte_limit = bytes;
    const Chain chain = chain_of(filters, options);
    ASSERT_NO_FATAL_FAILURE(expect_right(filters, chain));
    if (bytes != 0) {
      EXPECT_LE(chain.sizes().code + chain.sizes().table, bytes);
    }
    if (bytes == 1) {
      EXPECT_EQ(chain.engine(), Engine::interpreter);
      EXPECT_EQ(chain.precision(), Precision::baseline);
      const bool wanted_code = options.engine != Engine::interpreter && !options.no_exec_memory;
      EXPECT_EQ(chain.fallback_reason() == FallbackReason::code_too_large, wanted_code);
      EXPECT_EQ(chain.degraded(), wanted_code || options.no_exec_memory);
    }
    if (bytes >= 100'000 || bytes == 0) {
      EXPECT_EQ(chain.precision(), chain_of(filters, GetParam()).precision());
    }
  }
}

// Filters that are attached one by one have a budget each, on top of what lost precision before.
TEST_P(Budget, IsThatOfOneAttach) {
  const std::vector<Program> filters = usual_filters();
  Options options = GetParam();
  options.step_limit = 300;
  options.node_limit = 30;
  options.byte_limit = 3'000;
  Chain chain = sound(Chain::create(options));
  std::vector<Program> attached;
  for (int i = 0; i < 6; ++i) {
    attached.push_back(filters[static_cast<std::size_t>(i % 2)]);
    chain = sound(chain.attach(attached.back()));
    ASSERT_NO_FATAL_FAILURE(expect_right(attached, chain));
    EXPECT_LE(chain.sizes().code + chain.sizes().table, 3'000u);
  }
}

TEST_P(Budget, OfHostileFilters) {
  const std::vector<Program> hostile = {oracles::diamonds(16), oracles::counters(6),
                                        oracles::arithmetic_on_the_number(), oracles::one_expression_in_many_tests()};
  Options options = GetParam();
  options.path_limit = 0;
  for (const std::uint32_t limit : {10u, 1'000u, 20'000u}) {
    SCOPED_TRACE(limit);
    options.step_limit = options.byte_limit = limit;
    options.node_limit = limit / 10;
    const Chain chain = chain_of(hostile, options);
    ASSERT_NO_FATAL_FAILURE(expect_right(hostile, chain));
    EXPECT_LE(chain.sizes().code + chain.sizes().table, limit);
  }
}

TEST_P(Budget, OfRandomChains) {
  oracles::ProgramGenerator generator(41);
  for (int round = 0; round < 25; ++round) {
    SCOPED_TRACE(round);
    std::vector<Program> filters;
    for (std::uint64_t n = 1 + generator.next() % 3; n > 0; --n) filters.push_back(program(generator.valid(60)));
    Options options = GetParam();
    options.step_limit = static_cast<std::uint32_t>(1u << generator.next() % 14);
    options.node_limit = static_cast<std::uint32_t>(1u << generator.next() % 10);
    options.byte_limit = static_cast<std::uint32_t>(1u << generator.next() % 15);
    options.blind_constants = generator.next() % 2 != 0;
    const Chain chain = chain_of(filters, options);
    ASSERT_NO_FATAL_FAILURE(expect_right(filters, chain));
    EXPECT_LE(chain.sizes().code + chain.sizes().table, options.byte_limit);
  }
}

INSTANTIATE_TEST_SUITE_P(FirstNonAllow, Budget, testing::ValuesIn(all_options()), shown);
INSTANTIATE_TEST_SUITE_P(MostRestrictive, Budget, testing::ValuesIn(all_options(MergeRule::most_restrictive)), shown);

// Of the steps that a limit allows, all ways together take no more, numbers included.
TEST(Budgets, OfStepsHoldForAllWaysTogether) {
  for (const std::uint32_t most : {8u, 1'000u, 30'000u}) {
    compose::StepBudget budget(0, most);
    for (int i = 0; i < 100; ++i) budget.add(oracles::counters(6));
    std::uint64_t sum = 0;
    for (const auto way :
         {compose::Way::path_sensitive, compose::Way::per_number, compose::Way::number_blind, compose::Way::alone}) {
      sum += budget.limit(way);
    }
    EXPECT_LE(sum, most);
    EXPECT_GE(sum, most - 3);
  }
}

}  // namespace
}  // namespace callgate::test
