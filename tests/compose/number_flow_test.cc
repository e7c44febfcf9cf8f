// Where numbers get to before an argument is looked at: right for every number, against a walk for each one alone; and
// what number and architecture decide is a constant of its class, nothing more and nothing less.
#include "compose/number_flow.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "callgate/action.hpp"
#include "compose/chain_graph.h"
#include "compose/number_value.h"
#include "ir/build.h"
#include "ir/evaluate.h"
#include "oracles/generator/program_generator.h"
#include "oracles/reference/reference.h"
#include "tests/support/filter_graph.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

// One number at a time: the outcome of a test is known if its expressions load nothing but number and architecture.
class Walker {
 public:
  explicit Walker(const ir::Graph& graph, ir::NodeId root) : graph_(graph), root_(root), known_(graph.expr_count()) {
    for (const ir::ExprId id : graph.exprs()) {
      const ir::Expr& e = graph.expr_at(id);
      const int arity = ir::info(e.op).arity;
      if (arity == 0) known_[id] = e.op == ir::Op::constant || e.offset() < 8;
      if (arity == 1) known_[id] = known_[e.lhs()];
      if (arity == 2) known_[id] = known_[e.lhs()] && known_[e.rhs()];
    }
    yes_ = graph_.leaf(1);
    no_ = graph_.leaf(0);
  }

  // The node that decides, or that asks about more.
  ir::NodeId walk(const SeccompData& data) {
    for (ir::NodeId id = root_;;) {
      const ir::Node node = graph_.node_at(id);
      if (node.kind != ir::NodeKind::test || !known_[node.lhs()] || !known_[node.rhs()]) return id;
      const ir::NodeId alone = graph_.test(node.compare, node.lhs(), node.rhs(), yes_, no_);
      id = ir::evaluate(graph_, alone, &data) == 1 ? node.then : node.otherwise;
    }
  }

  // The result, if that node knows it.
  std::optional<std::uint32_t> result(const SeccompData& data) {
    const ir::NodeId id = walk(data);
    const ir::Node node = graph_.node_at(id);
    if (node.kind == ir::NodeKind::constant) return node.result();
    if (node.kind == ir::NodeKind::computed && known_[node.computed()]) return ir::evaluate(graph_, id, &data);
    return std::nullopt;
  }

 private:
  ir::Graph graph_;
  ir::NodeId root_;
  ir::IdMap<ir::ExprId, bool> known_;
  ir::NodeId yes_;
  ir::NodeId no_;
};

SeccompData call_of(const compose::Domain& domain, std::uint32_t n) {
  return {domain.first + n, domain.arch, 0x123456789, {~0u, 2, 3, 4, 5, 6}};
}

// Beside the three that chains have: numbers in the middle, the last ones that there are, and an unknown architecture.
constexpr compose::Domain odd_domains[] = {
    {"middle", arch::x86_64, 100}, {"last", arch::x86_32, 0xfffffe00}, {"other", 7, 0}};

std::vector<compose::Domain> all_domains() {
  std::vector<compose::Domain> all(compose::domains.begin(), compose::domains.end());
  all.insert(all.end(), std::begin(odd_domains), std::end(odd_domains));
  return all;
}

void expect_flow_right(const compose::FilterGraph& graph) {
  Walker walker(graph, graph.root);
  for (const compose::Domain& domain : all_domains()) {
    compose::NumberFlow flow(graph);
    std::vector<std::optional<ir::NodeId>> got(compose::numbers_per_domain);
    for (const compose::Arrival& arrival : flow.run(graph.root, domain)) {
      ASSERT_FALSE(arrival.numbers.empty());
      arrival.numbers.for_each([&](std::uint32_t n) {
        EXPECT_EQ(got[n], std::nullopt) << "number " << n << " arrives twice";
        got[n] = arrival.node;
      });
    }
    for (std::uint32_t n = 0; n < compose::numbers_per_domain; ++n) {
      ASSERT_EQ(got[n], walker.walk(call_of(domain, n))) << domain.name << " number " << n;
    }
  }
}

constexpr const char* edge_constants[] = {"0",          "1",          "63",         "64",         "99",
                                          "511",        "512",        "611",        "612",        "0x3fffffff",
                                          "0x40000000", "0x400001ff", "0x40000200", "0xc000003e", "0x40000003",
                                          "0xfffffdff", "0xfffffe00", "0xffffffff"};

// Every compare with nr, with arch and with what is computed from them, at the edges of the numbers asked about.
TEST(NumberFlow, EveryCompareAtTheEdges) {
  for (const char* compare : {"jeq", "jgt", "jge", "jset"}) {
    for (const char* value : {"ld [nr]\n", "ld [arch]\n", "ld [nr]\nadd #1\n", "ld [arch]\ntax\nld [nr]\nxor x\n"}) {
      for (const char* k : edge_constants) {
        SCOPED_TRACE(std::string(value) + compare + " " + k);
        const std::string text = std::string(value) + compare + " #" + k + ", l\nret #ALLOW\nl: ret #ERRNO(1)";
        ASSERT_NO_FATAL_FAILURE(expect_flow_right(*compose::build(program(text))));
      }
    }
  }
}

// A graph as it is before the folding constructors have seen it.
TEST(NumberFlow, TestsInEveryShape) {
  for (const auto compare :
       {ir::Compare::equal, ir::Compare::greater, ir::Compare::greater_equal, ir::Compare::any_bit_set}) {
    for (const std::uint32_t k : {0u, 1u, 100u, 300u, 511u, 512u, 0x40000000u, 0x40000005u, 0xfffffe00u, 0xffffffffu}) {
      for (const bool left : {false, true}) {
        compose::FilterGraph graph;
        const ir::ExprId nr = graph.load(0);
        const ir::ExprId constant = graph.constant(k);
        const ir::NodeId yes = graph.leaf(1);
        const ir::NodeId no = graph.test(ir::Compare::equal, graph.load(16), constant, yes, graph.leaf(2));
        graph.root = graph.test(compare, left ? constant : nr, left ? nr : constant, yes, no);
        ASSERT_NO_FATAL_FAILURE(expect_flow_right(graph));
      }
    }
  }
}

TEST(NumberFlow, RandomPrograms) {
  oracles::ProgramGenerator generator(41);
  for (int i = 0; i < 200; ++i) {
    SCOPED_TRACE(i);
    const auto graph = compose::build(program(generator.valid(40)));
    if (graph) {
      ASSERT_NO_FATAL_FAILURE(expect_flow_right(*graph));
    }
  }
}

// One flow for several roots and domains, as a chain uses it: what it was asked before makes no difference.
TEST(NumberFlow, IsUsedAgain) {
  oracles::ProgramGenerator generator(43);
  compose::FilterGraph graph;
  compose::NumberFlow flow(graph);
  for (int i = 0; i < 40; ++i) {
    const auto root =
        ir::build(graph, program(generator.valid(20)), compose::seccomp_sequence(MergeRule::first_non_allow), 0);
    if (!root) continue;
    Walker walker(graph, *root);
    for (const compose::Domain& domain : all_domains()) {
      std::uint32_t numbers = 0;
      for (const compose::Arrival& arrival : flow.run(*root, domain)) {
        arrival.numbers.for_each([&](std::uint32_t n) {
          ++numbers;
          if (n % 41 == 0) {
            EXPECT_EQ(arrival.node, walker.walk(call_of(domain, n))) << domain.name << " number " << n;
          }
        });
      }
      ASSERT_EQ(numbers, compose::numbers_per_domain);
    }
  }
}

// After the last step what is not asked yet waits where it is, and no number is lost.
TEST(NumberFlow, StopsWhenTheStepsAreUsedUp) {
  std::string text = "ld [nr]\n";
  for (int i = 0; i < 6; ++i) {
    const std::string n = std::to_string(i);
    text += "jset #" + std::to_string(1 << i) + ", l" + n + "\nadd #7\nl" + n + ": ";
  }
  text += "jset #64, l\nret #ALLOW\nl: ret #TRAP";
  const auto graph = compose::build(program(text));
  ASSERT_TRUE(graph.has_value());
  compose::NumberFlow flow(*graph);
  int runs_to_the_end = 0;
  int runs_that_stopped = 0;
  for (int run = 0; run < 200; ++run) {
    std::uint32_t numbers = 0;
    bool stopped = false;
    for (const compose::Arrival& arrival : flow.run(graph->root, compose::domains[static_cast<std::size_t>(run) % 3])) {
      arrival.numbers.for_each([&](std::uint32_t) { ++numbers; });
      stopped |= graph->node_at(arrival.node).kind == ir::NodeKind::test;
    }
    ASSERT_EQ(numbers, compose::numbers_per_domain);
    ++(stopped ? runs_that_stopped : runs_to_the_end);
    ASSERT_EQ(stopped, runs_that_stopped > 0) << "steps add up";
  }
  EXPECT_GT(runs_to_the_end, 1);
  EXPECT_GT(runs_that_stopped, 1);
}

// All tests at and below a node that number and architecture decide.
std::vector<ir::Node> number_tests_below(const ir::Graph& graph, ir::NodeId root) {
  std::vector<ir::Node> tests;
  ir::IdMap<ir::NodeId, bool> seen(graph.node_count());
  seen[root] = true;
  for (const ir::NodeId id : ir::IdRange<ir::NodeId>::downwards(0, root.index() + 1)) {
    const ir::Node& node = graph.node_at(id);
    if (!seen[id] || node.kind != ir::NodeKind::test) continue;
    seen[node.then] = seen[node.otherwise] = true;
    const auto words = graph.expr_at(node.lhs()).words | graph.expr_at(node.rhs()).words;
    if ((words & ~compose::number_words) == 0) tests.push_back(node);
  }
  return tests;
}

// Numbers of one group give every test the same answer. Where a number would divide by 0 it does not come.
void expect_groups_right(const ir::Graph& graph, ir::NodeId root, const compose::NumberGroups& groups,
                         const compose::Domain& domain) {
  ASSERT_LE(groups.count, compose::NumberGroups::most);
  for (const ir::Node& test : number_tests_below(graph, root)) {
    std::vector<std::optional<bool>> answer(groups.count);
    for (std::uint32_t n = 0; n < compose::numbers_per_domain; ++n) {
      ASSERT_LT(groups.of[n], groups.count);
      const auto lhs = compose::number_value(graph, test.lhs(), domain.first + n, domain.arch);
      const auto rhs = compose::number_value(graph, test.rhs(), domain.first + n, domain.arch);
      if (!lhs || !rhs) continue;
      const bool yes = ir::holds(test.compare, *lhs, *rhs);
      ASSERT_EQ(answer[groups.of[n]].value_or(yes), yes) << domain.name << " number " << n;
      answer[groups.of[n]] = yes;
    }
  }
}

TEST(NumberGroups, GiveEveryTestOneAnswer) {
  oracles::ProgramGenerator generator(44);
  std::uint32_t several = 0;
  for (int i = 0; i < 300; ++i) {
    SCOPED_TRACE(i);
    const auto graph = compose::build(program(generator.valid(60)));
    if (!graph) continue;
    for (const compose::Domain& domain : all_domains()) {
      compose::NumberFlow flow(*graph);
      const compose::NumberGroups groups = flow.groups(graph->root, compose::NumberSet::all(), domain);
      ASSERT_NO_FATAL_FAILURE(expect_groups_right(*graph, graph->root, groups, domain));
      several += groups.count > 1 && groups.count < compose::numbers_per_domain;
    }
  }
  EXPECT_GT(several, 100u) << "most filters tell some numbers apart, and not all";
}

TEST(NumberGroups, LaddersAndThresholdsTellFewApart) {
  const auto graph = compose::build(
      program("ld [args[0].lo]\njeq #1, l\nret #ALLOW\n"
              "l: ld [nr]\njeq #5, a\njeq #600, a\njge #100, b\njset #2, a\nret #ALLOW\na: ret #TRAP\nb: ret #LOG"));
  compose::NumberFlow flow(*graph);
  const compose::NumberGroups groups = flow.groups(graph->root, compose::NumberSet::all(), compose::domains[0]);
  const std::set<std::uint32_t> different(groups.of.begin(), groups.of.end());
  EXPECT_LE(different.size(), 5u);  // 5, and the halves of 0..99 and of 100..511 by bit 1
  EXPECT_EQ(groups.of[1], groups.of[4]);
  EXPECT_EQ(groups.of[2], groups.of[99]);
  EXPECT_NE(groups.of[1], groups.of[2]);
  EXPECT_NE(groups.of[4], groups.of[5]);
  EXPECT_NE(groups.of[1], groups.of[100]);
}

// Groups are counted anew when a test splits them; numbers that were not asked about must not keep a group of before.
TEST(NumberGroups, OfNumbersThatAreNotAskedAboutExist) {
  std::string text = "ld [nr]\n";
  for (const char* k : {"10", "20", "30", "40", "50"}) text += std::string("jeq #") + k + ", l\n";
  const auto graph = compose::build(program(text + "jset #2, l\nret #ALLOW\nl: ret #TRAP"));
  compose::NumberFlow flow(*graph);
  for (const std::uint32_t asked : {0u, 60u, compose::numbers_per_domain}) {
    compose::NumberSet numbers;
    if (asked < compose::numbers_per_domain) numbers.insert(asked);
    const compose::NumberGroups groups = flow.groups(graph->root, numbers, compose::domains[0]);
    EXPECT_EQ(groups.count, 1u);
    for (const std::uint32_t group : groups.of) ASSERT_LT(group, groups.count);
  }
}

// Without steps nothing is asked, and no two numbers are taken for alike.
TEST(NumberGroups, AreSingleNumbersWhenTheStepsAreUsedUp) {
  const auto graph = compose::build(program("ld [nr]\njset #2, l\nret #ALLOW\nl: ret #TRAP"));
  compose::NumberFlow flow(*graph);
  flow.allow(0);
  const compose::NumberGroups groups = flow.groups(graph->root, compose::NumberSet::all(), compose::domains[0]);
  EXPECT_EQ(std::set<std::uint32_t>(groups.of.begin(), groups.of.end()).size(), compose::numbers_per_domain);
}

// One graph for all numbers, although each computes something else.
TEST(NumberGroups, ShareTheGraphThatComputesWithTheNumber) {
  const Program filter = program("ld [nr]\nmul #3\ntax\nld [args[0].lo]\nxor x\njeq #77, l\nret #ALLOW\nl: ret #TRAP");
  const Program* programs[] = {&filter};
  const auto decisions = compose::attach(compose::allow_all(compose::Precision::path_sensitive), programs, 0, {});
  ASSERT_TRUE(decisions.has_value());
  EXPECT_EQ(std::set<ir::NodeId>(decisions->roots.begin(), decisions->roots.end()).size(), 1u);
  EXPECT_LE(decisions->graph.node_count(), 3u);
}

TEST(NumberSets, SplitAndTakeAndInsert) {
  for (std::uint32_t begin = 0; begin <= compose::numbers_per_domain; ++begin) {
    compose::NumberSet lower = compose::NumberSet::all();
    const compose::NumberSet upper = lower.split_off(begin);
    std::uint32_t expected = 0;
    lower.for_each([&](std::uint32_t n) { EXPECT_EQ(n, expected++); });
    EXPECT_EQ(expected, begin);
    upper.for_each([&](std::uint32_t n) { EXPECT_EQ(n, expected++); });
    EXPECT_EQ(expected, compose::numbers_per_domain);
    EXPECT_EQ(lower.empty(), begin == 0);
    if (begin == compose::numbers_per_domain) break;
    EXPECT_FALSE(lower.take(begin));
    lower.insert(begin);
    EXPECT_TRUE(lower.take(begin));
    lower.insert(upper);
    lower.for_each([&](std::uint32_t) { --expected; });
    EXPECT_EQ(expected, 0u);
  }
  compose::NumberSet none;
  EXPECT_FALSE(none.take(0xffffffff));
}

// The numbers as for_each() has them, whatever the words that they lie in.
TEST(NumberSets, RunsAreWhatTheNumbersAre) {
  oracles::Random random(5);
  for (int i = 0; i < 200; ++i) {
    compose::NumberSet set;
    for (std::uint32_t n = 0; n < compose::numbers_per_domain;) {
      const std::uint32_t end = std::min(n + random.between(1, 150), compose::numbers_per_domain);
      if (random.chance(50)) {
        for (std::uint32_t k = n; k < end; ++k) set.insert(k);
      }
      n = end;
    }
    std::vector<std::uint32_t> expected, numbers, ends;
    set.for_each([&](std::uint32_t n) { expected.push_back(n); });
    set.for_each_run([&](std::uint32_t first, std::uint32_t end) {
      EXPECT_TRUE(first < end && (ends.empty() || ends.back() < first)) << "a run is never empty, nor next to another";
      ends.push_back(end);
      for (std::uint32_t n = first; n < end; ++n) numbers.push_back(n);
    });
    EXPECT_EQ(numbers, expected);
  }
  compose::NumberSet().for_each_run([](std::uint32_t, std::uint32_t) { ADD_FAILURE(); });
}

// A value that differs ends a run, wherever it lies in the vectors that are compared at once.
TEST(CallClasses, RunsEndWhereTheValueChanges) {
  for (std::uint32_t size = 1; size <= 70; ++size) {
    for (std::uint32_t at = 0; at < size; ++at) {
      std::vector<std::uint32_t> values(size, 1);
      values[at] = 2;
      std::vector<std::uint32_t> seen;
      compose::for_each_run(std::span<const std::uint32_t>(values),
                            [&](std::uint32_t first, std::uint32_t end, std::uint32_t value) {
                              EXPECT_EQ(first, seen.size());
                              seen.resize(end, value);
                            });
      ASSERT_EQ(seen, values) << at << " of " << size;
      EXPECT_EQ(compose::run_end(std::span<const std::uint32_t>(values), 0), at == 0 ? 1 : at);
    }
  }
  compose::for_each_run(std::span<const std::uint32_t>(),
                        [](std::uint32_t, std::uint32_t, std::uint32_t) { ADD_FAILURE(); });
}

TEST(CallClasses, EveryNumberOfTheDomainsHasOne) {
  for (std::uint32_t id = 0; id < compose::domain_classes; ++id) {
    EXPECT_EQ(compose::class_of(compose::number_of(id), compose::arch_of(id)), id);
  }
  for (const compose::RestClass& rest : compose::rest_classes) {
    for (const std::uint32_t nr : {rest.low, rest.high}) {
      EXPECT_EQ(compose::class_of(nr, rest.arch.value_or(0)), compose::class_count) << rest.name;
    }
  }
}

// A division by 0 has no value, and neither has what is made of it; what depends on arguments has none either.
TEST(NumberValues, AreKnownOrNot) {
  compose::FilterGraph graph;
  const ir::ExprId nr = graph.load(compose::nr_offset);
  const ir::ExprId one = graph.constant(1);
  const ir::ExprId quotient = graph.expr(ir::Op::div, nr, graph.load(compose::arch_offset));
  const ir::ExprId left = graph.expr(ir::Op::sub, quotient, one);
  const ir::ExprId right = graph.expr(ir::Op::sub, one, quotient);
  const ir::ExprId argument = graph.expr(ir::Op::add, nr, graph.load(16));
  for (const auto& [id, value] : {std::pair{quotient, 3u}, {left, 2u}, {right, 0xfffffffeu}}) {
    EXPECT_EQ(compose::number_value(graph, id, 7, 2), value);
    EXPECT_EQ(compose::number_value(graph, id, 7, 0), std::nullopt);
  }
  EXPECT_EQ(compose::number_value(graph, argument, 7, 2), std::nullopt);

  const ir::NodeId yes = graph.leaf(1);
  const ir::NodeId no = graph.leaf(2);
  const auto result_of = [&](ir::ExprId lhs, ir::ExprId rhs, std::uint32_t arch) {
    const ir::NodeId test = graph.test(ir::Compare::greater, lhs, rhs, yes, no);
    return compose::number_result(graph, test, 7, arch);
  };
  EXPECT_EQ(result_of(nr, quotient, 2), 1u);
  EXPECT_EQ(result_of(nr, quotient, 1), 2u);
  EXPECT_EQ(result_of(nr, quotient, 0), std::nullopt);
  EXPECT_EQ(result_of(quotient, nr, 0), std::nullopt);
  EXPECT_EQ(result_of(nr, argument, 2), std::nullopt);
}

// ---- decisions of whole chains -----------------------------------------------------------------------------------

// Against the graph for all calls: what the number decides there is decided by the number alone, with that result.
void expect_roots_right(const std::vector<Program>& filters, MergeRule rule, compose::Precision precision) {
  std::vector<const Program*> programs;
  for (const Program& filter : filters) programs.push_back(&filter);
  const auto decisions =
      compose::attach(compose::allow_all(precision), programs, 0, {.rule = rule, .fixed = {}, .precision = precision});
  const auto whole = compose::attach(compose::allow_all(compose::Precision::number_blind), programs, 0,
                                     {.rule = rule, .fixed = {}, .precision = compose::Precision::number_blind});
  if (!decisions || !whole) return;
  ASSERT_EQ(decisions->roots.size(), compose::class_count);
  Walker walker(whole->graph, whole->roots[0]);
  for (std::uint32_t id = 0; id < compose::domain_classes; id += 3) {
    const SeccompData data =
        call_of(compose::domains[id / compose::numbers_per_domain], id % compose::numbers_per_domain);
    const auto result = compose::number_result(decisions->graph, decisions->roots[id], data.nr, data.arch);
    if (walker.result(data)) {
      ASSERT_TRUE(result.has_value()) << "class " << id;
    }
    ASSERT_EQ(ir::evaluate(decisions->graph, decisions->roots[id], &data), oracles::reference(filters, rule, data))
        << "class " << id;
    if (result) {
      ASSERT_EQ(*result, oracles::reference(filters, rule, data)) << "class " << id;
    }
  }
}

TEST(ChainGraph, KnowWhatNumbersDecide) {
  oracles::ProgramGenerator generator(42);
  for (int i = 0; i < 60; ++i) {
    SCOPED_TRACE(i);
    std::vector<Program> filters;
    for (std::uint64_t n = 1 + generator.next() % 3; n > 0; --n) filters.push_back(program(generator.valid(30)));
    for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
      for (const compose::Precision precision : {compose::Precision::path_sensitive, compose::Precision::per_number}) {
        ASSERT_NO_FATAL_FAILURE(expect_roots_right(filters, rule, precision));
      }
    }
  }
}

compose::ChainGraph decisions_of(const std::string& text) {
  const Program filter = program(text);
  const Program* programs[] = {&filter};
  return *compose::attach(compose::allow_all(compose::Precision::path_sensitive), programs, 0, {});
}

TEST(ChainGraph, DivisionByANumberThatIsZero) {
  const compose::ChainGraph decisions = decisions_of("ld [nr]\ntax\nld #1000\ndiv x\nret a");
  for (const auto& [number, result] : {std::pair{0u, 0u}, {1u, 1000u}, {300u, 3u}}) {
    EXPECT_EQ(compose::number_result(decisions.graph, decisions.roots[number], number, arch::x86_64), result) << number;
  }
}

TEST(ChainGraph, WhatDependsOnArgumentsIsNoConstant) {
  const compose::ChainGraph decisions = decisions_of(
      "ld [nr]\njeq #7, l\nret #ALLOW\n"
      "l: ld [args[0].lo]\njeq #1, m\nret #LOG\nm: ret #TRAP");
  for (std::uint32_t id = 0; id < compose::domain_classes; ++id) {
    const bool is_seven = id % compose::numbers_per_domain == 7 && id / compose::numbers_per_domain != 1;
    EXPECT_EQ(decisions.graph.node_at(decisions.roots[id]).kind == ir::NodeKind::constant, !is_seven) << id;
  }
}

// A layout may make the number constant: then nobody looks for it, not even to pick among the rest classes.
TEST(ChainGraph, ANumberThatTheLayoutFixes) {
  const Program filter = program("ld [nr]\njge #0x40000000, x32\njeq #39, l\nret #ALLOW\nl: ret #TRAP\nx32: ret #LOG");
  const Program* programs[] = {&filter};
  for (const auto& [number, result] :
       {std::pair{39u, action::trap}, {40u, action::allow}, {0x40000027u, action::log}}) {
    ir::FixedWords fixed;
    fixed[compose::nr_offset / 4] = number;
    const auto decisions =
        compose::attach(compose::allow_all(compose::Precision::path_sensitive), programs, 0, {.fixed = fixed});
    ASSERT_TRUE(decisions.has_value());
    const ir::Node& rest = decisions->graph.node_at(decisions->rest);
    EXPECT_EQ(rest.kind, ir::NodeKind::constant);
    EXPECT_EQ(rest.result(), result);
  }
}

// What the rest classes know of their calls folds tests of the number.
TEST(ChainGraph, RestClassesKnowTheirInterval) {
  const compose::ChainGraph decisions = decisions_of(
      "ld [arch]\njeq #0xc000003e, l, other\n"
      "l: ld [nr]\njge #0x40000000, x32\njge #512, between\nret #1\n"
      "x32: jge #0x40000200, above\nret #2\nbetween: ret #3\nabove: ret #4\nother: jeq #0x40000003, i386\nret #5\n"
      "i386: ld [nr]\njge #512, high\nret #6\nhigh: ret #7");
  for (const auto& [rest, result] : {std::pair{0u, 3u}, {1u, 4u}, {2u, 7u}, {3u, 5u}}) {
    const ir::Node& root = decisions.graph.node_at(decisions.roots[compose::domain_classes + rest]);
    EXPECT_EQ(root.kind, ir::NodeKind::constant) << compose::rest_classes[rest].name;
    EXPECT_EQ(root.result(), result) << compose::rest_classes[rest].name;
  }
}

}  // namespace
}  // namespace callgate::test
