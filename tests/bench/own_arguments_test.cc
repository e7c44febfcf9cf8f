// Calls made from a filter's own constants.
#include "bench/own_arguments.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "bench/argument_tests.h"
#include "bench/filters/workload.h"
#include "bench/measure/engines.h"
#include "bench/stream.h"

namespace callgate::bench {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint32_t refuse = action::errno_ | 1;

Program program_of(const std::vector<Insn>& insns) { return *verify(insns); }

// Number 5 is allowed if its first argument is 0x1234567800000009; all others are refused.
std::vector<Insn> one_wide_value() {
  return {{0x20, 0, 0, 0},  {0x15, 0, 4, 5},          {0x20, 0, 0, 20},  {0x15, 0, 2, 0x12345678},
          {0x20, 0, 0, 16}, {0x15, 1, 0, 0x00000009}, {6, 0, 0, refuse}, {6, 0, 0, action::allow}};
}

TEST(ArgumentTests, AreThoseOfTheNumber) {
  const Program program = program_of(one_wide_value());
  EXPECT_THAT(argument_tests(program, 4, arch::x86_64), IsEmpty());
  const std::vector<ArgumentTest> tests = argument_tests(program, 5, arch::x86_64);
  ASSERT_THAT(tests, SizeIs(2));
  EXPECT_EQ(tests[0].word, 1U);
  EXPECT_EQ(tests[0].k, 0x12345678U);
  EXPECT_EQ(tests[0].if_true, 1U);
  EXPECT_FALSE(tests[0].if_false);
  EXPECT_EQ(tests[1].word, 0U);
  EXPECT_EQ(tests[1].k, 9U);
}

TEST(ArgumentTests, LookThroughMasksShiftsAndMemory) {
  const Program program = program_of({{0x20, 0, 0, 24},
                                      {0x54, 0, 0, 0xff0},
                                      {0x74, 0, 0, 4},
                                      {0x02, 0, 0, 3},
                                      {0x60, 0, 0, 3},
                                      {0x45, 0, 1, 0x81},
                                      {6, 0, 0, refuse},
                                      {6, 0, 0, action::allow}});
  const std::vector<ArgumentTest> tests = argument_tests(program, 0, arch::x86_64);
  ASSERT_THAT(tests, SizeIs(1));
  EXPECT_EQ(tests[0].word, 2U);
  EXPECT_EQ(tests[0].mask, 0xff0U);
  EXPECT_EQ(tests[0].shift, 4U);
  EXPECT_EQ(tests[0].comparison, Comparison::any_bit);
}

// Each way out of a filter comes again and again, however much must come together for it.
TEST(OwnArguments, ReachBothSidesOfAWideValue) {
  const std::vector<Program> chain = {program_of(one_wide_value())};
  const std::vector<SeccompData> calls = own_arguments_stream(chain, 1000, 1);
  ASSERT_THAT(calls, SizeIs(1000));
  std::map<std::uint32_t, std::size_t> results;
  for (const SeccompData& data : calls) {
    EXPECT_EQ(data.nr, 5U);
    ++results[decide_one_by_one(chain, data)];
  }
  EXPECT_GT(results[action::allow], 100U);
  EXPECT_GT(results[refuse], 100U);
}

TEST(OwnArguments, AreTheSameForTheSameSeed) {
  const std::vector<Program> chain = argument_heavy().programs();
  EXPECT_EQ(own_arguments_stream(chain, 500, 1), own_arguments_stream(chain, 500, 1));
  EXPECT_NE(own_arguments_stream(chain, 500, 1), own_arguments_stream(chain, 500, 2));
}

// Of each number at least two results, and every value of every list is tried.
TEST(OwnArguments, OfTheArgumentHeavyFilter) {
  const std::vector<Program> chain = argument_heavy().programs();
  std::map<std::uint32_t, std::set<std::uint32_t>> results;
  std::size_t allowed = 0;
  const std::vector<SeccompData> calls = own_arguments_stream(chain, 20'000, 3);
  for (const SeccompData& data : calls) {
    const std::uint32_t result = decide_one_by_one(chain, data);
    results[data.nr].insert(result);
    if (result == action::allow) ++allowed;
  }
  EXPECT_THAT(results, SizeIs(41));
  for (const auto& [nr, of_number] : results) EXPECT_GE(of_number.size(), 2U) << nr;
  EXPECT_GT(allowed, calls.size() / 10);
  EXPECT_LT(allowed, calls.size() * 9 / 10);
}

// What a newer filter refuses whatever the arguments are is not judged by arguments.
TEST(OwnArguments, LeaveOutWhatANewerFilterDecides) {
  const Program refuses_five =
      program_of({{0x20, 0, 0, 0}, {0x15, 0, 1, 5}, {6, 0, 0, refuse}, {6, 0, 0, action::allow}});
  EXPECT_THAT(own_arguments_stream(std::vector{program_of(one_wide_value()), refuses_five}, 10, 1), IsEmpty());
  EXPECT_THAT(own_arguments_stream(std::vector{refuses_five}, 10, 1), IsEmpty());
}

TEST(OwnArguments, AreOfI386WhereOnlyThatIsJudged) {
  std::vector<Insn> insns = {{0x20, 0, 0, 4}, {0x15, 1, 0, arch::x86_32}, {6, 0, 0, action::kill_process}};
  const std::vector<Insn> rest = one_wide_value();
  insns.insert(insns.end(), rest.begin(), rest.end());
  const std::vector<SeccompData> calls = own_arguments_stream(std::vector{program_of(insns)}, 10, 1);
  ASSERT_THAT(calls, SizeIs(10));
  EXPECT_EQ(calls[0].arch, arch::x86_32);
}

TEST(LongStream, IsMadeOfNeighbours) {
  std::vector<SeccompData> calls(1000);
  for (std::uint32_t i = 0; i < calls.size(); ++i) calls[i].nr = i;
  const std::vector<SeccompData> made = long_stream(calls, 65'536, 1);
  ASSERT_THAT(made, SizeIs(65'536));
  std::size_t neighbours = 0;
  std::set<std::uint32_t> numbers;
  for (std::size_t i = 1; i < made.size(); ++i) {
    if (made[i].nr == made[i - 1].nr + 1) ++neighbours;
    numbers.insert(made[i].nr);
  }
  EXPECT_GT(neighbours, made.size() * 9 / 10);
  EXPECT_LT(neighbours, made.size() - 500);
  EXPECT_GE(numbers.size(), 999U);
  EXPECT_EQ(made, long_stream(calls, 65'536, 1));
  EXPECT_THAT(long_stream(calls, 100, 1), SizeIs(100));
  EXPECT_THAT(long_stream({}, 100, 1), IsEmpty());
}

}  // namespace
}  // namespace callgate::bench
