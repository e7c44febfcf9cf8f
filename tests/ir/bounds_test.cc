// Programs made to explode: the work stays within the stated budgets, what is over them falls back to the straight form
// or to a segment of its own where everybody can see it, and the decision is right in every case.
#include <gtest/gtest.h>

#include "bpf/opcode.h"
#include "fuzz/generator/inputs.h"
#include "fuzz/generator/random.h"
#include "ir/build.h"
#include "ir/compose.h"
#include "ir/evaluate.h"
#include "ir/plan.h"
#include "tests/support/agree.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

constexpr MergeRule rules[] = {MergeRule::first_non_allow, MergeRule::most_restrictive};

constexpr Insn ld(std::uint32_t offset) { return {0x20, 0, 0, offset}; }
constexpr Insn ret(std::uint32_t k) { return {0x06, 0, 0, k}; }
constexpr Insn ret_a = {0x16, 0, 0, 0};

std::uint64_t work(const ir::Graph& graph) {
  std::uint64_t sum = 0;
  for (ir::NodeId id = 0; id < graph.node_count(); ++id) {
    const ir::Node& n = graph.node_at(id);
    if (n.kind != ir::NodeKind::constant) sum += graph.expr_at(n.lhs).size;
    if (n.kind == ir::NodeKind::test) sum += graph.expr_at(n.rhs).size;
  }
  return sum;
}

// A state becomes at most three nodes (RET A: the test, ALLOW, the value) and each instruction of it one operation, two
// constants, and the rank of a result.
void expect_bounded(const ir::Graph& graph, const Program& program) {
  EXPECT_LE(graph.node_count(), 3 * ir::max_states_per_insn * program.size());
  EXPECT_LE(graph.expr_count(), 4 * ir::max_states_per_insn * program.size() + 2);
}

ir::Plan plan_of(std::span<const Program> filters, MergeRule rule) {
  ir::Plan plan;
  std::uint32_t filter = 0;
  for (const Program& p : filters) plan = ir::attach(plan, p, filter++, rule, Optimize::full);
  return plan;
}

// Every filter is in the plan once, newest first, and every graph is within the budgets.
void expect_plan_bounded(const ir::Plan& plan, std::span<const Program> filters) {
  std::size_t above = filters.size();
  for (const auto& segment : plan) {
    ASSERT_EQ(segment->oldest_filter + segment->filter_count, above);
    above = segment->oldest_filter;
    if (segment->graph() == nullptr) continue;
    const ir::Graph& graph = *segment->graph();
    if (segment->filter_count == 1) {
      EXPECT_LE(work(graph), std::uint64_t{ir::max_work_per_insn} * filters[above].size());
    } else {
      EXPECT_LE(graph.node_count(), ir::max_composed_nodes);
      EXPECT_LE(work(graph), ir::max_composed_work);
    }
  }
  EXPECT_EQ(above, 0u);
}

bool is_straight(const Program& filter) {
  const ir::Plan plan = ir::attach({}, filter, 0, MergeRule::first_non_allow, Optimize::full);
  return plan.size() == 1 && plan[0]->straight() != nullptr;
}

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
  return program(std::span<const Insn>(insns));
}

TEST(Bounds, DiamondsOfScratchValues) {
  const std::uint32_t most = 3;  // 2^3 states are as many as an instruction may have
  static_assert(ir::max_states_per_insn == 8);
  for (std::uint32_t count = 1; count <= 8; ++count) {
    const Program filter = diamonds(count);
    const auto graph = ir::build(filter);
    EXPECT_EQ(graph.has_value(), count <= most) << count;
    if (graph) expect_bounded(*graph, filter);
    const Program filters[] = {filter};
    ASSERT_AGREE(filters, 1, 32);
  }
}

TEST(Bounds, DiamondsToTheEndOfTheLongestProgram) {
  const Program filter = diamonds((max_program_length - 1 - 3 * scratch_slots) / 6);
  EXPECT_GT(filter.size(), max_program_length - 8);
  EXPECT_TRUE(is_straight(filter));
  const Program filters[] = {filter};
  ASSERT_AGREE(filters, 2, 8);
}

Program doubling(std::uint32_t times) {
  std::vector<Insn> insns = {ld(16)};
  for (std::uint32_t i = 0; i < times; ++i) insns.insert(insns.end(), {{0x07, 0, 0, 0}, {0x0c, 0, 0, 0}});
  insns.push_back(ret_a);
  return program(std::span<const Insn>(insns));
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
  ASSERT_AGREE(filters, 3, 8);
}

// A tree within bounds, computed anew by every one of many tests: the sum is what counts.
TEST(Bounds, OneExpressionInManyTests) {
  std::vector<Insn> insns = {ld(16), {0x07, 0, 0, 0}};
  for (int i = 0; i < 10; ++i) insns.push_back({0x0c, 0, 0, 0});
  while (insns.size() < 4000) insns.push_back({0x15, 0, 0, static_cast<std::uint32_t>(insns.size())});
  for (std::size_t i = 12; i + 8 < insns.size(); i += 2) insns[i].jt = 3;
  for (std::uint32_t i = 0; i < 8; ++i) insns.push_back(ret(0x00050000 + i));
  const Program filter = program(std::span<const Insn>(insns));
  const auto graph = ir::build(filter);
  ASSERT_TRUE(graph.has_value());
  expect_bounded(*graph, filter);
  const Program filters[] = {filter};
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
  const Program filter = program(std::span<const Insn>(insns));
  const auto graph = ir::build(filter);
  ASSERT_TRUE(graph.has_value());
  expect_bounded(*graph, filter);
  const Program filters[] = {filter, filter};
  for (const MergeRule rule : rules) expect_plan_bounded(plan_of(filters, rule), filters);
  ASSERT_AGREE(filters, 5, 16);
}

// Bit tests that jump here and there over each other: 2^n paths, one state at each instruction.
TEST(Bounds, WebOfBitTests) {
  fuzz::Random random(6);
  std::vector<Insn> insns = {ld(16)};
  while (insns.size() < max_program_length - 256) {
    insns.push_back({0x45, static_cast<std::uint8_t>(random.below(200)), static_cast<std::uint8_t>(random.below(200)),
                     1u << random.below(32)});
  }
  for (std::uint32_t i = 0; insns.size() < max_program_length; ++i) insns.push_back(ret(0x00050000 + i));
  const Program filter = program(std::span<const Insn>(insns));
  const auto graph = ir::build(filter);
  ASSERT_TRUE(graph.has_value());
  EXPECT_LE(graph->node_count(), filter.size());
  const Program filters[] = {filter};
  ASSERT_AGREE(filters, 6, 32);
}

Program repeated(bpf::Opcode opcode, std::uint32_t length) {
  const auto code = static_cast<std::uint16_t>(opcode);
  std::vector<Insn> insns = {ld(24), {0x07, 0, 0, 0}, ld(16), {0x02, 0, 0, 3}};
  while (insns.size() < length - 2) insns.push_back({code, 1, 0, code == 0x05 ? 0u : code == 0x20 ? 4u : 3u});
  insns.push_back(ret(0x00050007));
  insns.push_back(ret_a);
  return program(std::span<const Insn>(insns));
}

class Longest : public testing::TestWithParam<bpf::OpcodeInfo> {};

// The longest program of one instruction over and over; tests/jit/shapes_test.cc runs such ones on every engine.
TEST_P(Longest, OfOneInstruction) {
  const Program filter = repeated(GetParam().opcode, max_program_length);
  const auto graph = ir::build(filter);
  if (graph) expect_bounded(*graph, filter);
  const Program filters[] = {filter};
  expect_plan_bounded(plan_of(filters, MergeRule::most_restrictive), filters);
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
  return program(std::span<const Insn>(insns));
}

TEST(Bounds, SixtyFourFiltersOfManyResults) {
  std::vector<Program> filters;
  for (std::uint32_t i = 0; i < 64; ++i) filters.push_back(many_results(i, 12));
  for (const MergeRule rule : rules) {
    const ir::Plan plan = plan_of(filters, rule);
    expect_plan_bounded(plan, filters);
    if (rule == MergeRule::first_non_allow) {
      EXPECT_EQ(plan.size(), 1u) << "the sum of all results is within budget";
    } else {
      EXPECT_GT(plan.size(), 1u) << "their product is not";
    }
  }
}

TEST(Bounds, SomeFiltersOfManyResults) {
  std::vector<Program> filters;
  for (std::uint32_t i = 0; i < 9; ++i) filters.push_back(many_results(i, 24));
  EXPECT_GT(plan_of(filters, MergeRule::most_restrictive).size(), 1u);
  ASSERT_AGREE(filters, 8, 8);
}

TEST(Bounds, SixtyFourFiltersOfComputedResults) {
  std::vector<Program> filters;
  for (std::uint32_t i = 0; i < 64; ++i) {
    const Insn insns[] = {ld(16 + 4 * (i % 12)), {0x04, 0, 0, i}, ret_a};
    filters.push_back(program(insns));
  }
  for (const MergeRule rule : rules) expect_plan_bounded(plan_of(filters, rule), filters);
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

// 1,900 leaves above 5,700 nodes of which two remain in each copy: it is the copying that must be bounded.
TEST(Bounds, CopiesThatFoldAway) {
  constexpr std::uint32_t rungs = 1900;
  std::vector<Program> filters;
  for (const std::uint32_t field : {16u, 24u, 32u}) {
    std::vector<Insn> insns = ladder(field, rungs, 0x7ffc0000);
    if (field == 32) insns.insert(insns.begin(), {ld(0), {0x15, 0, 1, 7}, ret(0x80000000)});
    filters.push_back(program(std::span<const Insn>(insns)));
  }
  const ir::Plan plan = plan_of(filters, MergeRule::first_non_allow);
  ASSERT_EQ(plan.size(), 1u);
  const ir::Graph& older = *plan[0]->graph();
  ASSERT_GT(older.node_count(), 5000u);

  const auto traps = ladder(40, rungs, 0x00030000);
  filters.push_back(program(std::span<const Insn>(traps)));
  const ir::Graph newer = *ir::build(filters.back());
  ASSERT_GT(rungs * older.node_count(), ir::max_copied_nodes);
  ASSERT_LT(3 * rungs + older.node_count(), ir::max_composed_nodes);
  EXPECT_FALSE(ir::compose(newer, older, MergeRule::most_restrictive).has_value());
  EXPECT_TRUE(ir::compose(newer, older, MergeRule::first_non_allow).has_value());
  ASSERT_AGREE(filters, 10, 4);
}

// Nothing is stricter than KILL_PROCESS: such leaves copy nothing.
TEST(Bounds, LeavesThatNothingBelowCanChange) {
  const auto kills = ladder(40, 1900, 0x80000000);
  const auto logs = ladder(16, 1900, 0x7ffc0000);
  const ir::Graph newer = *ir::build(program(std::span<const Insn>(kills)));
  const ir::Graph older = *ir::build(program(std::span<const Insn>(logs)));
  const auto graph = ir::compose(newer, older, MergeRule::most_restrictive);
  ASSERT_TRUE(graph.has_value());
  EXPECT_LE(graph->node_count(), newer.node_count() + older.node_count());
}

}  // namespace
}  // namespace callgate::test
