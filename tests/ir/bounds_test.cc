// Programs made to explode: nodes and code stay within the stated budgets, what is over them is decided with less detail or in
// straight form where everybody can see it, and the decision is right in every case. Nothing here is timed: a step of the
// specialiser costs the same whatever the filter, and steps are counted (tests/ir/specialise_test.cc).
#include <gtest/gtest.h>

#include "bpf/opcode.h"
#include "fuzz/generator/inputs.h"
#include "fuzz/generator/random.h"
#include "ir/build.h"
#include "ir/evaluate.h"
#include "ir/plan.h"
#include "tests/support/agree.h"
#include "tests/support/chains.h"
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
void expect_plan_bounded(const ir::Plan& plan, std::span<const Program> filters) {
  std::size_t above = filters.size();
  for (const auto& segment : plan) {
    ASSERT_EQ(segment->oldest_filter + segment->filter_count, above);
    above = segment->oldest_filter;
    if (segment->decisions() != nullptr) {
      EXPECT_LE(segment->decisions()->graph.node_count(), ir::max_decision_nodes);
    }
  }
  EXPECT_EQ(above, 0u);
}

// Chains as they are used: the plan, then the code. Only a chain of several straight forms may have more of it.
void expect_bounded(std::span<const Program> filters) {
  for (const MergeRule rule : rules) {
    SCOPED_TRACE(name(rule));
    ASSERT_NO_FATAL_FAILURE(expect_plan_bounded(ir::make_plan(filters, {.rule = rule}), filters));
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
      for (const SeccompData& data : fuzz::inputs_for(filter.instructions(), 8, inputs)) {
        ASSERT_EQ(chain.evaluate(data), reference(filters, rule, data).result);
      }
    }
  }
}

ir::Detail detail_of(std::span<const Program> filters, MergeRule rule = MergeRule::first_non_allow) {
  const ir::Plan plan = ir::make_plan(filters, {.rule = rule});
  const bool one_graph = plan.size() == 1 && plan[0]->decisions() != nullptr;
  return one_graph ? plan[0]->decisions()->detail : ir::Detail::straight;
}

bool is_straight(const Program& filter) {
  const ir::Plan plan = ir::make_plan(std::span(&filter, 1), {});
  return plan.size() == 1 && plan[0]->straight() != nullptr;
}

Program program_of(const std::vector<Insn>& insns) { return program(std::span<const Insn>(insns)); }

// `count` diamonds, each of which leaves one of two values in a slot of its own; all slots are read at the end.
Program diamonds(std::uint32_t count) {
  std::vector<Insn> insns;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t slot = i % scratch_slots;
    const Insn diamond[] = {{0x00, 0, 0, i},        {0x02, 0, 0, slot},
                            ld(16 + 4 * (i % 12)),  {0x45, 2, 0, 1u << (i % 32)},
                            {0x00, 0, 0, 1000 + i}, {0x02, 0, 0, slot}};
    insns.insert(insns.end(), std::begin(diamond), std::end(diamond));
  }
  for (std::uint32_t i = 0; i < std::min(count, scratch_slots); ++i) {
    const Insn sum[] = {{0x61, 0, 0, i}, {0x24, 0, 0, 31}, {0x0c, 0, 0, 0}};
    insns.insert(insns.end(), std::begin(sum), std::end(sum));
  }
  insns.push_back(ret_a);
  return program_of(insns);
}

TEST(Bounds, DiamondsOfScratchValues) {
  const std::uint32_t most = 3;  // 2^3 states are as many as an instruction may have
  static_assert(ir::max_states_per_insn == 8);
  for (std::uint32_t count = 1; count <= 8; ++count) {
    const Program filter = diamonds(count);
    const auto graph = ir::build(filter);
    EXPECT_EQ(graph.has_value(), count <= most) << count;
    if (graph) expect_built_small(*graph, filter);
    const Program filters[] = {filter};
    ASSERT_AGREE(filters, 1, 32);
  }
}

TEST(Bounds, DiamondsToTheEndOfTheLongestProgram) {
  const Program filter = diamonds((max_program_length - 1 - 3 * scratch_slots) / 6);
  EXPECT_GT(filter.size(), max_program_length - 8);
  EXPECT_TRUE(is_straight(filter));
  const Program filters[] = {filter};
  expect_bounded(filters);
  ASSERT_AGREE(filters, 2, 8);
}

Program doubling(std::uint32_t times) {
  std::vector<Insn> insns = {ld(16)};
  for (std::uint32_t i = 0; i < times; ++i) insns.insert(insns.end(), {{0x07, 0, 0, 0}, {0x0c, 0, 0, 0}});
  insns.push_back(ret_a);
  return program_of(insns);
}

// A tree of 2^(n+1) - 1 nodes.
TEST(Bounds, DoublingExpressions) {
  static_assert(ir::max_expr_size == 32);
  for (std::uint32_t times = 1; times <= 8; ++times) {
    EXPECT_EQ(ir::build(doubling(times)).has_value(), times <= 4) << times;
    const Program filters[] = {doubling(times)};
    ASSERT_AGREE(filters, 3, 16);
  }
  const Program longest = doubling(2047);
  EXPECT_EQ(longest.size(), max_program_length);
  EXPECT_TRUE(is_straight(longest));
  const Program filters[] = {longest};
  expect_bounded(filters);
  ASSERT_AGREE(filters, 3, 8);
}

// A tree within bounds, computed anew by every one of many tests: the sum is what counts.
TEST(Bounds, OneExpressionInManyTests) {
  std::vector<Insn> insns = {ld(16), {0x07, 0, 0, 0}};
  for (int i = 0; i < 10; ++i) insns.push_back({0x0c, 0, 0, 0});
  while (insns.size() < 4000) insns.push_back({0x15, 0, 0, static_cast<std::uint32_t>(insns.size())});
  for (std::size_t i = 12; i + 8 < insns.size(); i += 2) insns[i].jt = 3;
  for (std::uint32_t i = 0; i < 8; ++i) insns.push_back(ret(0x00050000 + i));
  const Program filter = program_of(insns);
  const auto graph = ir::build(filter);
  ASSERT_TRUE(graph.has_value());
  expect_built_small(*graph, filter);
  const Program filters[] = {filter};
  expect_bounded(filters);
  ASSERT_AGREE(filters, 4, 16);
}

// A ladder in which every rung returns another computed value.
TEST(Bounds, ReturnsOfAEverywhere) {
  std::vector<Insn> insns = {ld(0)};
  for (std::uint32_t i = 0; insns.size() + 4 <= max_program_length; ++i) {
    insns.insert(insns.end(), {{0x15, 0, 2, i}, ld(16 + 4 * (i % 12)), ret_a, {0x04, 0, 0, 0}});
    insns.back() = ld(0);
  }
  insns.back() = ret_a;
  const Program filter = program_of(insns);
  const auto graph = ir::build(filter);
  ASSERT_TRUE(graph.has_value());
  expect_built_small(*graph, filter);
  const Program filters[] = {filter, filter};
  expect_bounded(filters);
  ASSERT_AGREE(filters, 5, 16);
}

// Tests that jump here and there over each other: 2^n paths, one state at each instruction, and on every path other facts.
Program web(std::uint64_t seed, std::initializer_list<std::uint16_t> codes, std::uint32_t words, std::size_t length) {
  fuzz::Random random(seed);
  std::vector<Insn> insns = {ld(16)};
  while (insns.size() < length - 256) {
    if (words > 1 && random.chance(30)) insns.push_back(ld(16 + 4 * random.below(words)));
    const std::uint16_t code = *(codes.begin() + random.below(static_cast<std::uint32_t>(codes.size())));
    const auto jt = static_cast<std::uint8_t>(random.below(200));
    const auto jf = static_cast<std::uint8_t>(random.below(200));
    const std::uint32_t k = code == 0x45 ? 1u << random.below(32) : static_cast<std::uint32_t>(random.next());
    insns.push_back({code, jt, jf, k});
  }
  for (std::uint32_t i = 0; insns.size() < length; ++i) insns.push_back(ret(0x00050000 + i));
  return program_of(insns);
}

TEST(Bounds, WebOfBitTests) {
  const Program filters[] = {web(6, {0x45}, 1, max_program_length)};
  const auto graph = ir::build(filters[0]);
  ASSERT_TRUE(graph.has_value());
  EXPECT_LE(graph->node_count(), filters[0].size());
  expect_bounded(filters);
  ASSERT_AGREE(filters, 6, 32);
}

TEST(Bounds, WebOfComparisons) {
  const Program filters[] = {web(7, {0x35}, 1, max_program_length)};
  expect_bounded(filters);
  ASSERT_AGREE(filters, 6, 32);
}

TEST(Bounds, WebOfAllTestsOnAllArguments) {
  const Program filters[] = {web(8, {0x45, 0x35, 0x25, 0x15}, 12, max_program_length)};
  expect_bounded(filters);
  ASSERT_AGREE(filters, 6, 32);
}

TEST(Bounds, ChainOfWebs) {
  std::vector<Program> filters;
  for (std::uint64_t i = 0; i < 12; ++i) filters.push_back(web(20 + i, {0x45, 0x35}, 4, 600));
  expect_bounded(filters);
  ASSERT_AGREE(filters, 6, 4);
}

TEST(Bounds, ChainOfDiamonds) {
  std::vector<Program> filters;
  for (std::uint32_t i = 0; i < 24; ++i) filters.push_back(diamonds(1 + i % 3));
  expect_bounded(filters);
  ASSERT_AGREE(filters, 6, 4);
}

// Slots are rotated and mixed, under conditions: every instruction has another set of values.
TEST(Bounds, ScratchShuffles) {
  fuzz::Random random(9);
  std::vector<Insn> insns;
  for (std::uint32_t slot = 0; slot < scratch_slots; ++slot)
    insns.insert(insns.end(), {ld(4 * slot), {0x02, 0, 0, slot}});
  while (insns.size() + 8 < max_program_length - 2 * scratch_slots) {
    const std::uint32_t from = random.below(scratch_slots);
    const std::uint32_t to = random.below(scratch_slots);
    insns.insert(insns.end(), {{0x60, 0, 0, from}, {0x61, 0, 0, to}, {0x02, 0, 0, to}, {0x03, 0, 0, from}});
    if (random.chance(20))
      insns.insert(insns.end(), {{0x45, 0, 2, 1u << random.below(32)}, {0x60, 0, 0, to}, {0x02, 0, 0, from}});
  }
  for (std::uint32_t slot = 0; slot + 1 < scratch_slots; ++slot)
    insns.insert(insns.end(), {{0x61, 0, 0, slot}, {0xac, 0, 0, 0}});
  insns.push_back(ret_a);
  const Program filters[] = {program_of(insns)};
  expect_bounded(filters);
  ASSERT_AGREE(filters, 6, 16);
}

// Counts how many bits of the arguments are set, and returns another result for each sum.
TEST(Bounds, Counters) {
  for (const std::uint32_t counted : {3u, 8u, 600u}) {
    std::vector<Insn> insns = {{0x00, 0, 0, 0}, {0x02, 0, 0, 1}};
    for (std::uint32_t i = 0; i < counted; ++i) {
      insns.insert(insns.end(), {ld(16 + 4 * (i % 12)),
                                 {0x45, 0, 3, 1u << (i / 12 % 32)},
                                 {0x60, 0, 0, 1},
                                 {0x04, 0, 0, 1},
                                 {0x02, 0, 0, 1}});
    }
    insns.push_back({0x60, 0, 0, 1});
    for (std::uint32_t i = 0; i < 100; ++i) insns.insert(insns.end(), {{0x15, 0, 1, i}, ret(0x00050000 + i)});
    insns.push_back(ret(0x7fff0000));
    const Program filters[] = {program_of(insns)};
    expect_bounded(filters);
    ASSERT_AGREE(filters, 6, 16);
  }
}

// Every test asks about something else that is computed from the number: no set of numbers goes through at once.
TEST(Bounds, ArithmeticOnTheNumber) {
  std::vector<Insn> insns = {ld(0)};
  for (std::uint32_t i = 0; insns.size() + 5 < max_program_length; ++i) {
    insns.insert(
        insns.end(),
        {ld(0), {0x24, 0, 0, 2 * i + 1}, {0x54, 0, 0, 0xfff}, {0x15, 0, 1, i % 0xfff}, ret(0x00050000 + i % 0xfff)});
  }
  insns.push_back(ret(0x7fff0000));
  const Program one = program_of(insns);
  const Program filters[] = {one};
  expect_bounded(filters);
  ASSERT_AGREE(filters, 6, 32);
  const Program twice[] = {one, one};
  expect_bounded(twice);
}

// The number decides what is compared, an argument whether: one residual for every number.
TEST(Bounds, ArgumentsAgainstTheNumber) {
  std::vector<Insn> insns = {ld(0), {0x07, 0, 0, 0}};
  for (std::uint32_t i = 0; insns.size() + 3 < max_program_length; ++i) {
    insns.insert(insns.end(), {ld(16 + 4 * (i % 12)), {0x2d, 0, 1, 0}, ret(0x00050000 + i % 0xfff)});
  }
  insns.push_back(ret(0x7fff0000));
  const Program filters[] = {program_of(insns)};
  expect_bounded(filters);
  ASSERT_AGREE(filters, 6, 16);
}

// Each number could get a copy of all exits in front of the ladder.
TEST(Bounds, AThousandArgumentExitsBeforeALadderOfNumbers) {
  for (const std::uint32_t words : {1u, 12u}) {
    std::vector<Insn> insns;
    for (std::uint32_t i = 0; i < 1000; ++i) {
      if (words > 1 || i == 0) insns.push_back(ld(16 + 4 * (i % words)));
      insns.insert(insns.end(), {{0x15, 0, 1, 7 * i}, ret(0x00050000 + i)});
    }
    insns.push_back(ld(0));
    for (std::uint32_t i = 0; i < 500; ++i) insns.insert(insns.end(), {{0x15, 0, 1, i}, ret(0x00030000 + i)});
    insns.push_back(ret(0x7fff0000));
    const Program filters[] = {program_of(insns)};
    expect_bounded(filters);
    ASSERT_AGREE(filters, 6, 32);
  }
}

// The budget is what stands between this and 1,500 copies.
TEST(Bounds, LessDetailIsVisible) {
  std::vector<Insn> insns;
  for (std::uint32_t i = 0; i < 1000; ++i)
    insns.insert(insns.end(), {ld(16 + 4 * (i % 12)), {0x45, 0, 1, 1u << (i % 32)}, ret(0x00050000 + i)});
  insns.push_back(ld(0));
  for (std::uint32_t i = 0; i < 500; ++i) insns.insert(insns.end(), {{0x15, 0, 1, i}, ret(0x00030000 + i)});
  insns.push_back(ret(0x7fff0000));
  const Program heavy[] = {program_of(insns)};
  EXPECT_EQ(detail_of(heavy), ir::Detail::whole);
  const Program light[] = {
      program("ld [nr]\njeq #1, l\nret #ALLOW\nl: ld [args[0].lo]\njeq #2, m\nret #ALLOW\nm: ret #TRAP")};
  EXPECT_EQ(detail_of(light), ir::Detail::facts);
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
  const auto graph = ir::build(filter);
  if (graph) expect_built_small(*graph, filter);
  const Program filters[] = {filter};
  expect_bounded(filters);
  for (const SeccompData& data : fuzz::inputs_for(filter.instructions(), 7, graph ? 16 : 0)) {
    ASSERT_EQ(ir::evaluate(*graph, data), interpret(filter, data));
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
    const ir::Plan plan = ir::make_plan(filters, {.rule = rule});
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
  for (const MergeRule rule : rules) expect_plan_bounded(ir::make_plan(filters, {.rule = rule}), filters);
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
  for (const MergeRule rule : rules) expect_plan_bounded(ir::make_plan(filters, {.rule = rule}), filters);
  EXPECT_EQ(ir::make_plan(filters, {}).size(), 1u);
  ASSERT_AGREE(filters, 10, 4);
}

// Nothing is stricter than KILL_PROCESS: such leaves copy nothing.
TEST(Bounds, LeavesThatNothingBelowCanChange) {
  const Program filters[] = {program_of(ladder(16, 1900, 0x7ffc0000)), program_of(ladder(40, 1900, 0x80000000))};
  const ir::Plan plan = ir::make_plan(filters, {.rule = MergeRule::most_restrictive, .detail = ir::Detail::whole});
  ASSERT_EQ(plan.size(), 1u);
  EXPECT_LE(plan[0]->decisions()->graph.node_count(), 4 * 1900u + 4);
}

}  // namespace
}  // namespace callgate::test
