// Verdicts on pairs, and the calls that show them.
#include <gtest/gtest.h>

#include "callgate/action.hpp"
#include "oracles/generator/inputs.h"
#include "proof/compare.h"
#include "tests/proof/pairs.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

using proof::ChainRef;
using proof::Verdict;

proof::Comparison compare_texts(std::string_view before, std::string_view after) {
  const Program a = program(before);
  const Program b = program(after);
  return proof::compare(ChainRef{std::span(&a, 1)}, ChainRef{std::span(&b, 1)});
}
Verdict verdict(std::string_view before, std::string_view after) { return compare_texts(before, after).verdict; }

TEST(ProofCompare, SeesThroughAnotherSpelling) {
  const char* const pairs[][2] = {
      // One interval, as two tests and as one with arithmetic.
      {"ld [nr]\njlt #10, d\njgt #20, d\nret ALLOW\nd: ret KILL\n",
       "ld [nr]\nsub #10\njgt #10, d\nret ALLOW\nd: ret KILL\n"},
      // A prefix.
      {"ld [16]\nand #0xffff0000\njeq #0x120000, a\nret KILL\na: ret ALLOW\n",
       "ld [16]\nrsh #16\njeq #0x12, a\nret KILL\na: ret ALLOW\n"},
      // 64-bit order: argument > 0x100000005.
      {"ld [20]\njgt #1, a\njeq #1, low, d\nlow: ld [16]\njgt #5, a, d\na: ret ALLOW\nd: ret KILL\n",
       "ld [20]\njlt #1, d\njeq #1, low, a\nlow: ld [16]\njle #5, d\na: ret ALLOW\nd: ret KILL\n"},
      // Flags, one by one and at once.
      {"ld [16]\njset #6, d\nret ALLOW\nd: ret KILL\n", "ld [16]\njset #2, d\njset #4, d\nret ALLOW\nd: ret KILL\n"},
      {"ld [16]\nand #0xfffffff9\njeq #0, a\nret KILL\na: ret ALLOW\n",
       "ld [16]\nor #6\njeq #6, a\nret KILL\na: ret ALLOW\n"},
      // A sum of two words.
      {"ld [16]\ntax\nld [24]\nadd x\njeq #7, a\nret KILL\na: ret ALLOW\n",
       "ld [24]\ntax\nld [16]\nadd x\nsub #7\njeq #0, a\nret KILL\na: ret ALLOW\n"},
      // A division by a word that is 0 ends the filter.
      {"ldx #0\nld [16]\ntax\nld #5\ndiv x\nret ALLOW\n", "ld [16]\njeq #0, k\nret ALLOW\nk: ret #0\n"},
      // A result that is computed.
      {"ld [16]\nand #0xff\nor #0x50000\nret a\n", "ld [16]\nand #0xff\nadd #0x50000\nret a\n"},
  };
  for (const auto& [before, after] : pairs) EXPECT_EQ(verdict(before, after), Verdict::equal) << before << after;
}

TEST(ProofCompare, TellsACallForEveryDifference) {
  const proof::Comparison comparison =
      compare_texts("ld [nr]\njeq #59, a\nret KILL\na: ld [16]\njset #8, d\nret ALLOW\nd: ret ERRNO(1)\n",
                    "ld [nr]\njeq #59, a\nret KILL\na: ld [16]\njset #12, d\nret ALLOW\nd: ret ERRNO(1)\n");
  ASSERT_EQ(comparison.verdict, Verdict::different);
  const SeccompData& call = comparison.differences.at(0).call;
  EXPECT_EQ(call.nr, 59u);
  EXPECT_EQ(call.args[0] & 12, 4u);
  EXPECT_EQ(comparison.differences[0].old_result, action::allow);
  EXPECT_EQ(comparison.differences[0].new_result, action::errno_ | 1);
}

// The two rules, and the order of filters with equal actions.
TEST(ProofCompare, BothMergeRules) {
  const Program errno_1 = program("ret ERRNO(1)\n");
  const Program errno_2 = program("ret ERRNO(2)\n");
  const Program kill = program("ret KILL_PROCESS\n");
  const std::vector<Program> a{errno_1, errno_2};
  const std::vector<Program> b{errno_2, errno_1};
  const std::vector<Program> c{kill, errno_1};
  const std::vector<Program> d{kill};
  const auto of = [](const std::vector<Program>& x, const std::vector<Program>& y, MergeRule rule) {
    return proof::compare(ChainRef{x, rule}, ChainRef{y, rule}).verdict;
  };
  EXPECT_EQ(of(a, b, MergeRule::most_restrictive), Verdict::different);
  EXPECT_EQ(of(c, d, MergeRule::most_restrictive), Verdict::equal);
  EXPECT_EQ(of(c, d, MergeRule::first_non_allow), Verdict::different);
}

// Computed results of two filters are merged by their actions.
TEST(ProofCompare, ComputedResultsAreMerged) {
  const std::vector<Program> chain{program("ld [16]\nret a\n"), program("ld [24]\nret a\n")};
  const std::vector<Program> exchanged{chain[1], chain[0]};
  const auto comparison = proof::compare(ChainRef{chain}, ChainRef{exchanged});
  EXPECT_EQ(comparison.verdict, Verdict::different);  // equal actions with other data
  EXPECT_EQ(proof::compare(ChainRef{chain}, ChainRef{chain}).verdict, Verdict::equal);
}

// What is not decided is said to be so, and where.
TEST(ProofCompare, MultiplicationsMayStayOpen) {
  const auto comparison = compare_texts(
      "ld [16]\ntax\nld [24]\nmul x\nadd #0x12345677\ntax\nmul x\njeq #0x77777771, d\nret ALLOW\nd: ret KILL\n",
      "ret ALLOW\n");
  EXPECT_NE(comparison.verdict, Verdict::equal);
  if (comparison.verdict == Verdict::not_decided) {
    EXPECT_FALSE(comparison.open.empty());
  }
}

TEST(ProofCompare, NoBudgetIsNoVerdict) {
  const Program a = program("ld [16]\njeq #1, d\nret ALLOW\nd: ret KILL\n");
  const Program b = program("ld [16]\njeq #2, d\nret ALLOW\nd: ret KILL\n");
  for (const proof::Budget& budget : {proof::Budget{0, 1000}, proof::Budget{1000, 0}}) {
    const auto comparison = proof::compare(ChainRef{std::span(&a, 1)}, ChainRef{std::span(&b, 1)}, budget);
    EXPECT_EQ(comparison.verdict, Verdict::not_decided);
    EXPECT_FALSE(comparison.open.empty());
  }
}

TEST(ProofCompare, GeneratedPairsAgreeWithTheInterpreter) {
  oracles::ProgramGenerator generator(21);
  oracles::Random random(22);
  int different = 0;
  for (int i = 0; i < 1000; ++i) {
    const Pair pair = make_pair(generator, random);
    const auto comparison = proof::compare(pair.old_chain(), pair.new_chain());
    different += comparison.verdict == Verdict::different;
    oracles::InputGenerator inputs;
    inputs.start(static_cast<std::uint64_t>(i));
    for (const Program& program : pair.before) inputs.add(program.instructions());
    for (const Program& program : pair.after) inputs.add(program.instructions());
    std::vector<SeccompData> data(32);
    inputs.write(data);
    if (comparison.verdict != Verdict::equal) continue;
    for (const SeccompData& call : data) {
      ASSERT_EQ(proof::decision_of(pair.old_chain(), call), proof::decision_of(pair.new_chain(), call)) << i;
    }
  }
  EXPECT_GT(different, 100);
  EXPECT_LT(different, 900);
}

}  // namespace
}  // namespace callgate::test
