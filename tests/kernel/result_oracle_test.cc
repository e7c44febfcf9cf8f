// The deciders against the running kernel: the same results, for random filters and inputs made for them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <ostream>

#include "oracles/kernel/results.h"
#include "tests/kernel/probe.h"
#include "tests/kernel/settings.h"

namespace callgate::kernel {

// How a failure names the route.
static void PrintTo(const Route& route, std::ostream* out) { *out << route.name; }

namespace {

std::vector<Decider> available_engines() {
  const Deciders choices = deciders();
  for (const std::string& text : choices.left_out) std::printf("left out: %s\n", text.c_str());
  return choices.available;
}

ResultRun run_of(std::uint32_t programs) {
  std::printf("CALLGATE_SEED=%llu, %u programs\n", static_cast<unsigned long long>(seed()), programs);
  return {seed(), programs, 400, max_program_length};
}

// Random tests must reach what matters.
void expect_useful(const ResultTally& tally, std::size_t engines) {
  std::printf("%u programs compared on interpret() and %zu engines, %u left out; %u branch, %u results are 0\n",
              tally.programs, engines, tally.left_out, tally.branching, tally.zero_results);
  EXPECT_GT(tally.branching, tally.programs / 3);
  EXPECT_GT(tally.zero_results, tally.programs / 50);
  EXPECT_LT(tally.left_out, tally.programs / 10);
}

class ResultOracle : public testing::TestWithParam<Route> {};

TEST_P(ResultOracle, RandomPrograms) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam().bits);
  if (const std::string why = obstacle(probe, GetParam()); !why.empty()) GTEST_SKIP() << why;
  const auto engines = available_engines();
  SeccompRunner runner(probe, GetParam());
  ResultTally tally;
  ASSERT_NO_DIFFERENCE(compare_results(runner, run_of(std::max(1200u, program_count() / 100)), engines, tally));
  expect_useful(tally, engines.size());
}

INSTANTIATE_TEST_SUITE_P(Routes, ResultOracle, testing::ValuesIn(routes),
                         [](const auto& route) { return std::string(route.param.name); });

// A socket's filter, which sees whatever words we like.
TEST(SocketResultOracle, RandomPrograms) {
  const auto engines = available_engines();
  CALLGATE_SKIP_WITHOUT(socket_filters);
  SocketRunner runner;
  ResultTally tally;
  ResultRun run = run_of(std::max(1200u, program_count() / 100));
  run.longest = 1000;
  ASSERT_NO_DIFFERENCE(compare_results(runner, run, engines, tally));
  expect_useful(tally, engines.size());
}

}  // namespace
}  // namespace callgate::kernel
