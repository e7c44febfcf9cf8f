// Programs made to explode: nodes and code stay within the stated budgets, what is over them is decided with less
// precision or in baseline form where everybody can see it, and the decision is right in every case. Nothing here is
// timed: a step of the specialiser costs the same whatever the filter, and steps are counted
// (tests/compose/specialise_test.cc).
#include <gtest/gtest.h>

#include "bpf/opcode.h"
#include "compose/plan.h"
#include "ir/build.h"
#include "ir/evaluate.h"
#include "oracles/generator/adversaries.h"
#include "oracles/generator/inputs.h"
#include "tests/support/agree.h"
#include "tests/support/chains.h"
#include "tests/support/filter_graph.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

constexpr MergeRule rules[] = {MergeRule::first_non_allow, MergeRule::most_restrictive};

constexpr Insn ld(std::uint32_t offset) { return {0x20, 0, 0, offset}; }
constexpr Insn ret(std::uint32_t k) { return {0x06, 0, 0, k}; }
constexpr Insn ret_a = {0x16, 0, 0, 0};

// A state becomes at most three nodes (RET A: the test, ALLOW, the value) and each instruction of it one operation, two
// constants, and the rank of a result.
void expect_built_small(const ir::Graph& graph, const Program& program) {
  EXPECT_LE(graph.node_count(), 3 * ir::max_states_per_insn * program.size());
  EXPECT_LE(graph.expr_count(), 4 * ir::max_states_per_insn * program.size() + 2);
}

// Every filter is in the plan once, newest first, and every graph is within the budget.
void expect_plan_bounded(const compose::Plan& plan, std::span<const Program> filters) {
  std::size_t above = filters.size();
  for (const auto& segment : plan) {
    ASSERT_EQ(segment->oldest_filter + segment->filter_count, above);
    above = segment->oldest_filter;
    if (segment->chain_graph() != nullptr) {
      EXPECT_LE(segment->chain_graph()->graph.node_count(), compose::max_decision_nodes);
    }
  }
  EXPECT_EQ(above, 0u);
}

// Chains as they are used: the plan, then the code. Only a chain of several baseline forms may have more of it.
void expect_bounded(std::span<const Program> filters) {
  for (const MergeRule rule : rules) {
    SCOPED_TRACE(name(rule));
    ASSERT_NO_FATAL_FAILURE(expect_plan_bounded(compose::make_plan(filters, {.rule = rule}), filters));
    const Chain chain = chain_of({filters.begin(), filters.end()}, {.rule = rule, .path_limit = 0});
    if (!native_engines().empty()) {
      EXPECT_NE(chain.engine(), Engine::interpreter);
    }
    EXPECT_LE(chain.sizes().code, max_code_bytes);
  }
}

// Only the chain as it is used, for chains that are long to attach one by one on every engine.
void expect_decides_right(const std::vector<Program>& filters, std::size_t inputs) {
  for (const MergeRule rule : rules) {
    const Chain chain = chain_of(filters, {.rule = rule, .path_limit = 0});
    for (const Program& filter : filters) {
      for (const SeccompData& data : oracles::inputs_for(filter.instructions(), 8, inputs)) {
        ASSERT_EQ(chain.evaluate(data), reference(filters, rule, data).result);
      }
    }
  }
}

compose::Precision detail_of(std::span<const Program> filters, MergeRule rule = MergeRule::first_non_allow) {
  const compose::Plan plan = compose::make_plan(filters, {.rule = rule});
  const bool one_graph = plan.size() == 1 && plan[0]->chain_graph() != nullptr;
  return one_graph ? plan[0]->chain_graph()->precision : compose::Precision::baseline;
}

bool is_baseline(const Program& filter) {
  const compose::Plan plan = compose::make_plan(std::span(&filter, 1), {});
  return plan.size() == 1 && plan[0]->baseline() != nullptr;
}

Program program_of(const std::vector<Insn>& insns) { return program(std::span<const Insn>(insns)); }

TEST(Bounds, DiamondsOfScratchValues) {
  const std::uint32_t most = 3;  // 2^3 states are as many as an instruction may have
  static_assert(ir::max_states_per_insn == 8);
  for (std::uint32_t count = 1; count <= 8; ++count) {
    const Program filter = oracles::diamonds(count);
    const auto graph = compose::build(filter);
    EXPECT_EQ(graph.has_value(), count <= most) << count;
    if (graph) expect_built_small(*graph, filter);
    const Program filters[] = {filter};
    ASSERT_AGREE(filters, 1, 32);
  }
}

TEST(Bounds, DiamondsToTheEndOfTheLongestProgram) {
  const Program filter = oracles::diamonds((max_program_length - 1 - 3 * scratch_slots) / 6);
  EXPECT_GT(filter.size(), max_program_length - 8);
  EXPECT_TRUE(is_baseline(filter));
  const Program filters[] = {filter};
  expect_bounded(filters);
  ASSERT_AGREE(filters, 2, 8);
}

// A tree of 2^(n+1) - 1 nodes.
TEST(Bounds, DoublingExpressions) {
  static_assert(ir::max_expr_size == 32);
  for (std::uint32_t times = 1; times <= 8; ++times) {
    EXPECT_EQ(compose::build(oracles::doubling(times)).has_value(), times <= 4) << times;
    const Program filters[] = {oracles::doubling(times)};
    ASSERT_AGREE(filters, 3, 16);
  }
  const Program longest = oracles::doubling(2047);
  EXPECT_EQ(longest.size(), max_program_length);
  EXPECT_TRUE(is_baseline(longest));
  const Program filters[] = {longest};
  expect_bounded(filters);
  ASSERT_AGREE(filters, 3, 8);
}

TEST(Bounds, OneExpressionInManyTests) {
  const Program filter = oracles::one_expression_in_many_tests();
  const auto graph = compose::build(filter);
  ASSERT_TRUE(graph.has_value());
  expect_built_small(*graph, filter);
  const Program filters[] = {filter};
  expect_bounded(filters);
  ASSERT_AGREE(filters, 4, 16);
}

TEST(Bounds, ReturnsOfAEverywhere) {
  const Program filter = oracles::returns_of_a_everywhere();
  const auto graph = compose::build(filter);
  ASSERT_TRUE(graph.has_value());
  expect_built_small(*graph, filter);
  const Program filters[] = {filter, filter};
  expect_bounded(filters);
  ASSERT_AGREE(filters, 5, 16);
}

TEST(Bounds, WebOfBitTests) {
  const Program filters[] = {oracles::web(6, {0x45}, 1, max_program_length)};
  const auto graph = compose::build(filters[0]);
  ASSERT_TRUE(graph.has_value());
  EXPECT_LE(graph->node_count(), filters[0].size());
  expect_bounded(filters);
  ASSERT_AGREE(filters, 6, 32);
}

TEST(Bounds, WebOfComparisons) {
  const Program filters[] = {oracles::web(7, {0x35}, 1, max_program_length)};
  expect_bounded(filters);
  ASSERT_AGREE(filters, 6, 32);
}

TEST(Bounds, WebOfAllTestsOnAllArguments) {
  const Program filters[] = {oracles::web(8, {0x45, 0x35, 0x25, 0x15}, 12, max_program_length)};
  expect_bounded(filters);
  ASSERT_AGREE(filters, 6, 32);
}

// What the benchmarks (adversary/) time is what is tested here.
TEST(Bounds, LongestAdversaries) {
  for (const auto& [name, filters] : oracles::longest_adversaries()) {
    SCOPED_TRACE(name);
    std::size_t longest = 0;
    for (const Program& filter : filters) longest = std::max(longest, std::size_t{filter.size()});
    EXPECT_GE(longest, 3000u);
    expect_bounded(filters);
  }
}

// A budget in 32 bits was small again for so many filters that it exceeded them.
TEST(Bounds, TheBudgetOfManyFiltersDoesNotWrap) {
  const Program filter = program(std::vector<Insn>(max_program_length, ret(0)));
  compose::StepBudget budget(0);
  budget.add(filter);
  EXPECT_EQ(budget.limit(compose::Way::path_sensitive),
            compose::max_specialise_steps + compose::specialise_steps_per_filter);
  for (int i = 1; i < 107'375; ++i) budget.add(filter);
  EXPECT_EQ(budget.limit(compose::Way::path_sensitive), 0x7fffffffu);
}

TEST(Bounds, ChainOfWebs) {
  std::vector<Program> filters;
  for (std::uint64_t i = 0; i < 12; ++i) filters.push_back(oracles::web(20 + i, {0x45, 0x35}, 4, 600));
  expect_bounded(filters);
  ASSERT_AGREE(filters, 6, 4);
}

TEST(Bounds, ChainOfDiamonds) {
  std::vector<Program> filters;
  for (std::uint32_t i = 0; i < 24; ++i) filters.push_back(oracles::diamonds(1 + i % 3));
  expect_bounded(filters);
  ASSERT_AGREE(filters, 6, 4);
}

TEST(Bounds, ScratchShuffles) {
  const Program filters[] = {oracles::scratch_shuffles()};
  expect_bounded(filters);
  ASSERT_AGREE(filters, 6, 16);
}

TEST(Bounds, Counters) {
  for (const std::uint32_t counted : {3u, 8u, 600u, 778u}) {
    const Program filters[] = {oracles::counters(counted)};
    expect_bounded(filters);
    ASSERT_AGREE(filters, 6, 16);
  }
}

TEST(Bounds, ArithmeticOnTheNumber) {
  const Program one = oracles::arithmetic_on_the_number();
  const Program filters[] = {one};
  expect_bounded(filters);
  ASSERT_AGREE(filters, 6, 32);
  const Program twice[] = {one, one};
  expect_bounded(twice);
}

TEST(Bounds, ArgumentsAgainstTheNumber) {
  const Program filters[] = {oracles::arguments_against_the_number()};
  expect_bounded(filters);
  ASSERT_AGREE(filters, 6, 16);
}

TEST(Bounds, AThousandArgumentExitsBeforeALadderOfNumbers) {
  for (const std::uint32_t words : {1u, 12u}) {
    const Program filters[] = {oracles::thousand_exits_before_a_ladder(words)};
    expect_bounded(filters);
    ASSERT_AGREE(filters, 6, 32);
  }
}

// What a filter costs does not grow with the chain below it, so that many small ones keep their table: 256 of them in
// one array took 60 times as long to decide as 128. A call of an unknown architecture is where each of these filters
// tests what the older ones test as well.
TEST(Bounds, ManySmallFiltersKeepTheirPrecision) {
  std::vector<Program> filters;
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    const std::string nr = std::to_string(i * 7 % 400);
    const std::string k = std::to_string(i);
    filters.push_back(program(i % 2 == 0 ? "ld [nr]\njeq #" + nr + ", deny\nret #ALLOW\ndeny: ret #ERRNO(1)"
                                         : "ld [nr]\njeq #" + nr + ", arg\nret #ALLOW\narg: ld [args[0].lo]\njeq #" +
                                               k + ", deny\nret #ALLOW\ndeny: ret #ERRNO(2)"));
  }
  for (const std::size_t count : {64U, 128U, 1'000U}) {
    const auto some = std::span(filters).first(count);
    EXPECT_EQ(detail_of(some), compose::Precision::path_sensitive) << count;
    expect_bounded(some);
  }
  ASSERT_AGREE(std::span(filters).first(128), 6, 2);
}

Program small_filter(std::uint32_t i) {
  return program("ld [nr]\njeq #" + std::to_string(i % 400) + ", arg\nret #ALLOW\narg: ld [args[0].lo]\njeq #" +
                 std::to_string(i) + ", deny\nret #ALLOW\ndeny: ret #ERRNO(2)");
}

// A filter that is over the budget made all filters of the segment be composed anew with less precision, so that one
// small filter on top of a long chain cost as much as the chain.
TEST(Bounds, WhatLiesBelowIsNotMadeAnew) {
  const Program heavy = oracles::thousand_bit_tests_before_a_ladder();
  std::vector<Program> filters;
  for (std::uint32_t i = 0; i < 100; ++i) filters.push_back(small_filter(i));
  const compose::Plan below = compose::make_plan(filters, {});
  ASSERT_EQ(below.size(), 1u);
  const compose::ChainGraph& decisions = *below[0]->chain_graph();
  ASSERT_EQ(decisions.precision, compose::Precision::path_sensitive);

  const Program* const newest[] = {&heavy};
  const compose::Plan plan = compose::attach(below, newest, 100, {});
  filters.push_back(heavy);
  expect_plan_bounded(plan, filters);
  ASSERT_EQ(plan.size(), 1u);
  EXPECT_EQ(plan[0]->chain_graph()->precision, compose::Precision::number_blind);
  // By itself the filter is as large as that; what lies below is there once, behind a test for each run of numbers.
  const std::uint32_t alone = compose::make_plan(std::span(&heavy, 1), {})[0]->chain_graph()->graph.node_count();
  EXPECT_LE(plan[0]->chain_graph()->graph.node_count(), alone + decisions.graph.node_count() + 2 * 100 + 8);
  ASSERT_AGREE(filters, 6, 1);
}

// In one array: the filters before one that is over the budget keep their precision as far as it can be kept, and no
// filter is composed twice in the same way.
TEST(Bounds, AFilterOverTheBudgetLosesNoPrecisionForThoseBefore) {
  std::vector<Program> filters;
  for (std::uint32_t i = 0; i < 50; ++i) filters.push_back(small_filter(i));
  const compose::ChainGraph none = compose::allow_all(compose::Precision::path_sensitive);
  compose::StepBudget budget(none.graph.node_count());
  budget.add(filters[0]);
  const Program heavy = oracles::thousand_bit_tests_before_a_ladder();
  std::vector<const Program*> array;
  for (const Program& filter : filters) array.push_back(&filter);
  array.push_back(&heavy);
  std::span<const Program* const> newer = array;
  const auto some = compose::attach_some(none, newer, 0, {}, compose::Way::path_sensitive, budget);
  ASSERT_TRUE(some.has_value());
  EXPECT_EQ(newer.size(), 1u) << "all but the last one";
  EXPECT_EQ(budget.left(compose::Way::path_sensitive), 0u) << "what was tried is paid";
  EXPECT_EQ(budget.left(compose::Way::per_number), budget.limit(compose::Way::per_number));
  const auto alone = compose::attach(none, std::span(array).first(50), 0, {});
  ASSERT_TRUE(alone.has_value());
  EXPECT_EQ(some->graph.node_count(), alone->graph.node_count()) << "nothing is left of the one that did not fit";
  for (std::size_t c = 0; c < alone->roots.size(); ++c) ASSERT_EQ(some->roots[c], alone->roots[c]) << c;
}

// One root for all calls decides as the roots of all classes do, at the ends of the domains too.
TEST(Bounds, WithoutNumbersTheSameIsDecided) {
  std::vector<Program> filters;
  for (std::uint32_t i = 0; i < 40; ++i) filters.push_back(small_filter(7 * i));
  filters.push_back(
      program("ld [arch]\njeq #0x40000003, i386\nld [nr]\njge #0x40000000, x32\njge #512, kill\nret #ALLOW\n"
              "x32: jeq #0x400001ff, trap\njge #0x40000200, log\nret #ALLOW\n"
              "i386: ld [nr]\njge #512, log\njeq #511, trap\nret #ALLOW\n"
              "kill: ret #KILL\ntrap: ret #TRAP\nlog: ret #LOG"));
  const compose::Plan plan = compose::make_plan(filters, {});
  ASSERT_EQ(plan.size(), 1u);
  const compose::ChainGraph& decisions = *plan[0]->chain_graph();
  ASSERT_TRUE(decisions.by_number());
  const compose::ChainGraph whole = decisions.without_numbers({});
  EXPECT_FALSE(whole.by_number());
  ASSERT_EQ(whole.roots.size(), 1u);
  for (const std::uint32_t arch : {arch::x86_64, arch::x86_32, 0x12345678u}) {
    for (const std::uint32_t first : {0u, 1024u, arch::x32_bit - 16, arch::x32_bit, 0xfffffff0u}) {
      for (std::uint32_t n = 0; n < (first % 1024 == 0 ? 600u : 16u); ++n) {
        SeccompData data{};
        data.nr = static_cast<decltype(data.nr)>(first + n);
        data.arch = arch;
        data.args[0] = n % 3 == 0 ? n : 7;
        ASSERT_EQ(ir::evaluate(whole.graph, whole.roots[0], &data),
                  reference(filters, MergeRule::first_non_allow, data).result)
            << std::hex << arch << " " << data.nr;
      }
    }
  }
}

// The budget is what stands between this and 1,500 copies.
TEST(Bounds, LessDetailIsVisible) {
  const Program heavy[] = {oracles::thousand_bit_tests_before_a_ladder()};
  EXPECT_EQ(detail_of(heavy), compose::Precision::number_blind);
  const Program light[] = {
      program("ld [nr]\njeq #1, l\nret #ALLOW\nl: ld [args[0].lo]\njeq #2, m\nret #ALLOW\nm: ret #TRAP")};
  EXPECT_EQ(detail_of(light), compose::Precision::path_sensitive);
}

Program repeated(bpf::Opcode opcode, std::uint32_t length) {
  const auto code = static_cast<std::uint16_t>(opcode);
  std::vector<Insn> insns = {ld(24), {0x07, 0, 0, 0}, ld(16), {0x02, 0, 0, 3}};
  while (insns.size() < length - 2) insns.push_back({code, 1, 0, code == 0x05 ? 0u : code == 0x20 ? 4u : 3u});
  insns.push_back(ret(0x00050007));
  insns.push_back(ret_a);
  return program_of(insns);
}

class Longest : public testing::TestWithParam<bpf::OpcodeInfo> {};

// The longest program of one instruction over and over; tests/jit/shapes_test.cc runs such ones on every engine.
TEST_P(Longest, OfOneInstruction) {
  const Program filter = repeated(GetParam().opcode, max_program_length);
  const auto graph = compose::build(filter);
  if (graph) expect_built_small(*graph, filter);
  const Program filters[] = {filter};
  expect_bounded(filters);
  for (const SeccompData& data : oracles::inputs_for(filter.instructions(), 7, graph ? 16 : 0)) {
    ASSERT_EQ(evaluate(*graph, data), interpret(filter, data));
  }
  const Program shorter[] = {repeated(GetParam().opcode, 200)};
  ASSERT_AGREE(shorter, 7, 8);
}

INSTANTIATE_TEST_SUITE_P(Opcodes, Longest, testing::ValuesIn(bpf::opcode_table), [](const auto& test) {
  const auto code = static_cast<unsigned>(test.param.opcode);
  return std::string(test.param.mnemonic) + "_" + "0123456789abcdef"[code >> 4] + "0123456789abcdef"[code & 15];
});

// Filter i of a chain in which every leaf is another result, and the older, the stricter: each leaf of a filter goes on
// into a copy of everything below.
Program many_results(std::uint32_t filter, std::uint32_t rungs) {
  std::vector<Insn> insns = {ld(16 + 4 * (filter % 12))};
  for (std::uint32_t i = 0; i < rungs; ++i) {
    insns.insert(insns.end(), {{0x25, 0, 1, 1000 * (rungs - i)}, ret(0x00030000 + (filter << 16) + i)});
  }
  insns.push_back(ret(0x7fff0000));
  return program_of(insns);
}

TEST(Bounds, SixtyFourFiltersOfManyResults) {
  std::vector<Program> filters;
  for (std::uint32_t i = 0; i < 64; ++i) filters.push_back(many_results(i, 12));
  for (const MergeRule rule : rules) {
    const compose::Plan plan = compose::make_plan(filters, {.rule = rule});
    expect_plan_bounded(plan, filters);
    if (rule == MergeRule::first_non_allow) {
      EXPECT_EQ(plan.size(), 1u) << "the sum of all results is within budget";
    } else {
      EXPECT_GT(plan.size(), 1u) << "their product is not";
    }
  }
  expect_decides_right(filters, 8);
}

TEST(Bounds, SomeFiltersOfManyResults) {
  std::vector<Program> filters;
  for (std::uint32_t i = 0; i < 9; ++i) filters.push_back(many_results(i, 24));
  expect_bounded(filters);
  ASSERT_AGREE(filters, 8, 8);
}

TEST(Bounds, SixtyFourFiltersOfComputedResults) {
  std::vector<Program> filters;
  for (std::uint32_t i = 0; i < 64; ++i) {
    const Insn insns[] = {ld(16 + 4 * (i % 12)), {0x04, 0, 0, i}, ret_a};
    filters.push_back(program(insns));
  }
  for (const MergeRule rule : rules) expect_plan_bounded(compose::make_plan(filters, {.rule = rule}), filters);
  const std::span<const Program> some = std::span(filters).first(6);
  ASSERT_AGREE(some, 9, 8);
}

// `rungs` numbers, each with a result of its own; ALLOW for the others.
std::vector<Insn> ladder(std::uint32_t field, std::uint32_t rungs, std::uint32_t action) {
  std::vector<Insn> insns = {ld(field)};
  for (std::uint32_t i = 0; i < rungs; ++i) insns.insert(insns.end(), {{0x15, 0, 1, i}, ret(action + i)});
  insns.push_back(ret(0x7fff0000));
  return insns;
}

// Filters of 3,800 nodes that share none: the chain's graph grows with each, up to the budget.
TEST(Bounds, AGraphTakesNoFilterThatMakesItTooLarge) {
  constexpr compose::Composition composition{.precision = compose::Precision::number_blind};
  constexpr std::uint32_t rungs = 1900;
  constexpr std::uint32_t most = compose::max_decision_nodes / (2 * rungs);
  compose::ChainGraph decisions = compose::allow_all(composition.precision);
  std::vector<Program> filters;
  for (std::uint32_t i = 0; i <= most; ++i) {
    filters.push_back(program_of(ladder(16, rungs, action::errno_ + i * rungs)));
    const Program* const newer[] = {&filters.back()};
    auto attached = compose::attach(decisions, newer, i, composition);
    ASSERT_EQ(attached.has_value(), i < most);
    if (!attached) break;
    decisions = std::move(*attached);
    EXPECT_EQ(decisions.graph.node_count(), 1 + (i + 1) * 2 * rungs);
  }
  expect_plan_bounded(compose::make_plan(filters, {.precision = composition.precision}), filters);
}

// 1,900 leaves above 5,700 nodes of which two remain below each: it is the walking that must be bounded.
TEST(Bounds, CopiesThatFoldAway) {
  constexpr std::uint32_t rungs = 1900;
  std::vector<Program> filters;
  for (const std::uint32_t field : {16u, 24u, 32u}) {
    std::vector<Insn> insns = ladder(field, rungs, 0x7ffc0000);
    if (field == 32) insns.insert(insns.begin(), {ld(0), {0x15, 0, 1, 7}, ret(0x80000000)});
    filters.push_back(program_of(insns));
  }
  filters.push_back(program_of(ladder(40, rungs, 0x00030000)));
  for (const MergeRule rule : rules) expect_plan_bounded(compose::make_plan(filters, {.rule = rule}), filters);
  EXPECT_EQ(compose::make_plan(filters, {}).size(), 1u);
  ASSERT_AGREE(filters, 10, 4);
}

// Nothing is stricter than KILL_PROCESS: such leaves copy nothing.
TEST(Bounds, LeavesThatNothingBelowCanChange) {
  const Program filters[] = {program_of(ladder(16, 1900, 0x7ffc0000)), program_of(ladder(40, 1900, 0x80000000))};
  const compose::Plan plan =
      compose::make_plan(filters, {.rule = MergeRule::most_restrictive, .precision = compose::Precision::number_blind});
  ASSERT_EQ(plan.size(), 1u);
  EXPECT_LE(plan[0]->chain_graph()->graph.node_count(), 4 * 1900u + 4);
}

}  // namespace
}  // namespace callgate::test
