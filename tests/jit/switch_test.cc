// Switches against the graphs that they come from: on every value where a test changes its mind, for random tests of
// one value and of both halves of an argument; and the shapes that 64-bit comparisons of real filters must become.
#include "jit/switch.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "callgate/action.hpp"
#include "compose/seccomp.h"
#include "ir/build.h"
#include "ir/evaluate.h"
#include "oracles/generator/random.h"
#include "tests/support/filter_graph.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

using ir::Compare;
using ir::ExprId;
using ir::Graph;
using ir::NodeId;
using jit::Switch;
using jit::Switches;
using jit::SwitchId;
using jit::SwitchKind;

constexpr jit::SwitchTarget wide{.has_64_bits = true, .halves_adjoin = true};
constexpr jit::SwitchTarget split{.has_64_bits = true, .halves_adjoin = false};
constexpr jit::SwitchTarget narrow{.has_64_bits = false, .halves_adjoin = true};
constexpr jit::SwitchTarget targets[] = {wide, split, narrow};

std::uint32_t value_of(const Graph& graph, ExprId id, const SeccompData& data) {
  const ir::Expr& e = graph.expr_at(id);
  if (e.op == ir::Op::constant) return e.value();
  if (e.op == ir::Op::load) return reinterpret_cast<const std::uint32_t*>(&data)[e.offset() / 4];
  const std::uint32_t lhs = value_of(graph, e.lhs(), data);
  return ir::evaluate_op(e.op, lhs, ir::info(e.op).arity == 2 ? value_of(graph, e.rhs(), data) : 0);
}

// What the switches decide; counts those that were made on the way.
std::uint32_t decide(const Graph& graph, const Switches& switches, SwitchId id, const SeccompData& data,
                     std::uint32_t& made) {
  for (;; ++made) {
    const Switch& c = switches[id];
    switch (c.kind()) {
      case SwitchKind::constant: return c.result();
      case SwitchKind::computed: return value_of(graph, graph.node_at(c.node()).computed(), data);
      case SwitchKind::bits: id = (value_of(graph, c.expr(), data) & c.mask()) != 0 ? c.then() : c.otherwise(); break;
      case SwitchKind::test: {
        const ir::Node& n = graph.node_at(c.node());
        const bool holds = ir::holds(n.compare, value_of(graph, n.lhs(), data), value_of(graph, n.rhs(), data));
        id = holds ? c.then() : c.otherwise();
        break;
      }
      case SwitchKind::ranges:
      case SwitchKind::wide_ranges: {
        const std::uint64_t value = c.is_wide() ? data.args[(c.offset() - 16) / 8] : value_of(graph, c.expr(), data);
        const auto ranges = switches.ranges(c);
        std::size_t i = ranges.size() - 1;
        while (ranges[i].start > value) --i;
        id = ranges[i].target;
        break;
      }
    }
  }
}

// What a switch among ranges must be: from 0 on, ascending, no two neighbours alike, more than one way.
void expect_well_formed(const Switches& switches) {
  for (const jit::SwitchId id : switches.ids()) {
    const Switch& c = switches[id];
    if (!c.has_ranges()) continue;
    const auto ranges = switches.ranges(c);
    ASSERT_GE(ranges.size(), 2u);
    ASSERT_EQ(ranges[0].start, 0u);
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      ASSERT_LT(ranges[i].target, id);
      if (i == 0) continue;
      ASSERT_LT(ranges[i - 1].start, ranges[i].start);
      ASSERT_NE(ranges[i - 1].target, ranges[i].target);
    }
    if (!c.is_wide()) {
      ASSERT_LE(ranges.back().start, 0xffffffffu);
    }
  }
}

constexpr std::uint32_t edges[] = {0,          1,          2,          5,          6,         0x7ffffffe,
                                   0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};

// Every edge, and its neighbours are edges or alike.
std::vector<SeccompData> edge_inputs() {
  std::vector<SeccompData> inputs;
  for (const std::uint32_t low : edges) {
    for (const std::uint32_t high : edges) {
      for (const std::uint32_t k : {0u, 3u})
        inputs.push_back({k, arch::x86_64, 0, {std::uint64_t{high} << 32 | low, low, k, 0, 0, 0}});
    }
  }
  return inputs;
}

void expect_same_decisions(const Graph& graph, std::span<const NodeId> roots) {
  static const std::vector<SeccompData> inputs = edge_inputs();
  for (const jit::SwitchTarget& target : targets) {
    Switches switches;
    const auto ids = jit::make_switches(graph, roots, target, switches);
    ASSERT_NO_FATAL_FAILURE(expect_well_formed(switches));
    for (std::size_t r = 0; r < roots.size(); ++r) {
      for (const SeccompData& data : inputs) {
        std::uint32_t made = 0;
        ASSERT_EQ(decide(graph, switches, ids[r], data, made), ir::evaluate(graph, roots[r], &data))
            << "arg " << std::hex << data.args[0] << (target.has_64_bits ? ", 64 bits" : "");
      }
    }
  }
}

// Each test of every kind, at every edge.
TEST(Switches, EveryTestAlone) {
  for (const Compare compare : {Compare::equal, Compare::greater, Compare::greater_equal, Compare::any_bit_set}) {
    for (const std::uint32_t k : edges) {
      for (const std::uint32_t offset : {16u, 20u}) {
        compose::FilterGraph graph;
        const NodeId yes = graph.leaf(1);
        const NodeId no = graph.leaf(2);
        const NodeId root = graph.test(compare, graph.load(offset), graph.constant(k), yes, no);
        ASSERT_NO_FATAL_FAILURE(expect_same_decisions(graph, std::span(&root, 1))) << ir::symbol(compare) << " " << k;
      }
    }
  }
}

// Every two tests of one value, one behind the other.
TEST(Switches, EveryTwoTestsOfOneValue) {
  constexpr Compare compares[] = {Compare::equal, Compare::greater, Compare::greater_equal};
  for (const Compare first : compares) {
    for (const Compare second : compares) {
      for (const std::uint32_t a : edges) {
        for (const std::uint32_t b : edges) {
          for (const bool behind_yes : {false, true}) {
            compose::FilterGraph graph;
            const ExprId value = graph.load(16);
            const NodeId leaf = graph.leaf(3);
            const NodeId yes = graph.leaf(1);
            const NodeId inner = graph.test(second, value, graph.constant(b), yes, graph.leaf(2));
            const NodeId root =
                graph.test(first, value, graph.constant(a), behind_yes ? inner : leaf, behind_yes ? leaf : inner);
            Switches switches;
            const SwitchId id = jit::make_switches(graph, std::span(&root, 1), wide, switches)[0];
            for (const std::uint32_t v : edges) {
              std::uint32_t made = 0;
              const SeccompData data{0, 0, 0, {v, 0, 0, 0, 0, 0}};
              ASSERT_EQ(decide(graph, switches, id, data, made), ir::evaluate(graph, root, &data))
                  << a << " " << b << " " << v;
              ASSERT_LE(made, 1u) << "tests of one value are one switch";
            }
          }
        }
      }
    }
  }
}

// Random graphs over the two halves of an argument, another argument and the number, with shared parts.
TEST(Switches, RandomGraphs) {
  oracles::Random random(71);
  for (int i = 0; i < 600; ++i) {
    SCOPED_TRACE(i);
    compose::FilterGraph graph;
    const std::uint32_t words = i % 3 == 0 ? 1 : i % 3 == 1 ? 2 : 4;
    constexpr std::uint32_t offsets[] = {16, 20, 24, 0};
    std::vector<NodeId> nodes = {graph.leaf(action::allow), graph.leaf(1), graph.leaf(2),
                                 graph.computed_leaf(graph.load(32))};
    for (std::uint32_t n = random.between(3, 24); n > 0; --n) {
      constexpr Compare compares[] = {Compare::equal, Compare::equal, Compare::greater, Compare::greater_equal,
                                      Compare::any_bit_set};
      const Compare compare = random.pick(compares);
      const ExprId value = graph.load(offsets[random.below(words)]);
      const ExprId other = graph.load(24);
      const ExprId k = random.chance(90) ? graph.constant(random.pick(edges)) : other;
      const NodeId then = nodes[random.below(static_cast<std::uint32_t>(nodes.size()))];
      const NodeId otherwise =
          random.chance(70) ? nodes.back() : nodes[random.below(static_cast<std::uint32_t>(nodes.size()))];
      nodes.push_back(graph.test(compare, value, k, then, otherwise));
    }
    const NodeId roots[] = {nodes.back(), nodes[nodes.size() / 2]};
    ASSERT_NO_FATAL_FAILURE(expect_same_decisions(graph, roots));
  }
}

// ---- comparisons of 64 bits --------------------------------------------------------------------------------------

struct Made {
  compose::FilterGraph graph;
  Switches switches;
  SwitchId root;

  Made(const std::string& text, const jit::SwitchTarget& target) : graph(*compose::build(program(text))) {
    root = jit::make_switches(graph, std::span(&graph.root, 1), target, switches)[0];
  }
  std::vector<std::uint64_t> starts() const {
    std::vector<std::uint64_t> all;
    for (const jit::Range& range : switches.ranges(switches[root])) all.push_back(range.start);
    return all;
  }
};

struct Wide {
  const char* what;
  const char* text;
  std::vector<std::uint64_t> starts;
};

// As compilers of filters write them for args[0], with K = 0x100000002 or another constant.
const Wide wide_comparisons[] = {
    {"== K", "ld [args[0].hi]\njeq #1, l, no\nl: ld [args[0].lo]\njeq #2, yes, no", {0, 0x100000002, 0x100000003}},
    {"== K, low half first", "ld [args[0].lo]\njeq #2, l, no\nl: ld [args[0].hi]\njeq #1, yes, no", {}},
    {"> K", "ld [args[0].hi]\njgt #1, yes\njeq #1, l, no\nl: ld [args[0].lo]\njgt #2, yes, no", {0, 0x100000003}},
    {">= K", "ld [args[0].hi]\njgt #1, yes\njeq #1, l, no\nl: ld [args[0].lo]\njge #2, yes, no", {0, 0x100000002}},
    {"< K", "ld [args[0].hi]\njgt #1, no\njeq #1, l, yes\nl: ld [args[0].lo]\njge #2, no, yes", {0, 0x100000002}},
    {"<= K", "ld [args[0].hi]\njgt #1, no\njeq #1, l, yes\nl: ld [args[0].lo]\njgt #2, no, yes", {0, 0x100000003}},
    {"<= 5", "ld [args[0].hi]\njeq #0, l, no\nl: ld [args[0].lo]\njgt #5, no, yes", {0, 6}},
    {"> 5, by high half >= 1", "ld [args[0].hi]\njge #1, yes\nld [args[0].lo]\njgt #5, yes, no", {0, 6}},
    {"> 0xffffffff",
     "ld [args[0].hi]\njgt #0, yes\nld [args[0].lo]\njgt #0xffffffff, yes, no",
     {0, 1}},  // the low half folds away
    {"== 0", "ld [args[0].hi]\njeq #0, l, no\nl: ld [args[0].lo]\njeq #0, yes, no", {0, 1}},
    {"== all ones",
     "ld [args[0].hi]\njeq #0xffffffff, l, no\nl: ld [args[0].lo]\njeq #0xffffffff, yes, no",
     {0, ~0ull}},
    {"== 1 or 3 or 9",
     "ld [args[0].hi]\njeq #0, l, no\nl: ld [args[0].lo]\njeq #1, yes\njeq #3, yes\njeq #9, yes, no",
     {0, 1, 2, 3, 4, 9, 10}},
    {"1 == or 0x100000001",
     "ld [args[0].hi]\njeq #0, l\njeq #1, m, no\nl: ld [args[0].lo]\njeq #1, yes, no\nm: ld [args[0].lo]\njeq #1, yes, "
     "no",
     {}},  // two values of the high half lead to the same switch of the low half: see below
};

TEST(Switches, HalvesBecomeWholeArguments) {
  for (const Wide& comparison : wide_comparisons) {
    SCOPED_TRACE(comparison.what);
    const std::string text = std::string(comparison.text) + "\nyes: ret #TRAP\nno: ret #ALLOW";
    if (comparison.starts.empty()) continue;
    const Made made(text, wide);
    EXPECT_TRUE(made.switches[made.root].has_ranges());
    EXPECT_EQ(made.starts(), comparison.starts);
    EXPECT_EQ(made.switches[made.root].is_wide(),
              comparison.starts != (std::vector<std::uint64_t>{0, 1}) || comparison.what[0] == '=');
    EXPECT_FALSE(Made(text, split).switches[Made(text, split).root].is_wide())
        << "halves that do not adjoin cannot be loaded at once";
    EXPECT_FALSE(Made(text, narrow).switches[Made(text, narrow).root].is_wide());
  }
}

TEST(Switches, AllWideOnesDecideRight) {
  for (const Wide& comparison : wide_comparisons) {
    SCOPED_TRACE(comparison.what);
    const compose::FilterGraph graph =
        *compose::build(program(std::string(comparison.text) + "\nyes: ret #TRAP\nno: ret #ALLOW"));
    ASSERT_NO_FATAL_FAILURE(expect_same_decisions(graph, std::span(&graph.root, 1)));
  }
}

// ---- sharing and bounds ------------------------------------------------------------------------------------------

TEST(Switches, EqualOnesAreOne) {
  compose::FilterGraph graph;
  const NodeId yes = graph.leaf(1);
  const NodeId no = graph.leaf(2);
  const ExprId value = graph.load(16);
  const NodeId by_equal = graph.test(Compare::equal, value, graph.constant(0), yes, no);
  const NodeId by_bound = graph.test(Compare::greater_equal, value, graph.constant(1), no, yes);
  const NodeId in_steps = graph.test(Compare::greater, value, graph.constant(7), no,
                                     graph.test(Compare::equal, value, graph.constant(0), yes, no));
  const NodeId roots[] = {by_equal, by_bound, in_steps};
  Switches switches;
  const auto ids = jit::make_switches(graph, roots, wide, switches);
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(ids[0], ids[2]);
}

// Among so many values, some have the same 32 bits of hash.
TEST(Switches, ThatDifferAreTwoWhateverTheirHash) {
  constexpr std::uint32_t count = 300'000;
  Switches switches;
  for (const bool again : {false, true}) {
    for (std::uint32_t i = 0; i < count; ++i) {
      ASSERT_EQ(switches.intern(Switch::constant(i)), SwitchId{i}) << (again ? "again" : "");
    }
  }
}

// A web in which everything is asked about one value could be gathered anew from each of its nodes.
TEST(Switches, OfWebsStayInProportionToTheGraph) {
  oracles::Random random(72);
  for (const std::uint32_t size : {500u, 4000u}) {
    compose::FilterGraph graph;
    std::vector<NodeId> nodes;
    for (std::uint32_t i = 0; i < 50; ++i) nodes.push_back(graph.leaf(0x50000 + i));
    const ExprId value = graph.load(16);
    const ExprId other = graph.load(24);
    while (nodes.size() < size) {
      const auto near = [&] { return nodes[nodes.size() - 1 - random.below(50)]; };
      const ExprId k = graph.constant(static_cast<std::uint32_t>(random.next()));
      const NodeId then = near();
      const Compare compare = random.chance(50) ? Compare::equal : Compare::greater_equal;
      nodes.push_back(graph.test(compare, random.chance(95) ? value : other, k, then, near()));
    }
    Switches switches;
    const auto ids = jit::make_switches(graph, nodes, wide, switches);
    std::size_t ranges = 0;
    for (const jit::SwitchId id : switches.ids()) ranges += switches.ranges(switches[id]).size();
    EXPECT_LE(switches.size(), graph.node_count());
    EXPECT_LE(ranges, 16 + 4 * graph.node_count() + 2048 + 3 * graph.node_count());
    for (int i = 0; i < 2000; ++i) {
      const auto root = random.below(static_cast<std::uint32_t>(nodes.size()));
      const SeccompData data{0, 0, 0, {random.next(), random.next(), 0, 0, 0, 0}};
      std::uint32_t made = 0;
      ASSERT_EQ(decide(graph, switches, ids[root], data, made), ir::evaluate(graph, nodes[root], &data));
    }
  }
}

}  // namespace
}  // namespace callgate::test
