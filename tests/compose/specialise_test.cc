// The specialiser's own promises: its steps are bounded by its budget, and what is learnt in one filter prunes the
// next.
#include "compose/specialise.h"

#include <gtest/gtest.h>

#include "callgate/action.hpp"
#include "compose/chain_graph.h"
#include "compose/plan.h"
#include "ir/build.h"
#include "oracles/generator/program_generator.h"
#include "tests/support/filter_graph.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

compose::ChainGraph decisions_of(const std::vector<Program>& oldest_first, compose::Precision precision,
                                 MergeRule rule = MergeRule::first_non_allow) {
  const compose::Plan plan = compose::make_plan(oldest_first, {.rule = rule, .precision = precision});
  if (plan.size() != 1 || plan[0]->chain_graph() == nullptr) throw std::runtime_error("no decisions");
  return *plan[0]->chain_graph();
}

// Tests on the way of the largest number of them, from the root of number 1.
std::uint32_t depth(const compose::ChainGraph& decisions) {
  const ir::Graph& graph = decisions.graph;
  ir::IdMap<ir::NodeId, std::uint32_t> below(graph.node_count());
  for (const ir::NodeId id : graph.nodes()) {
    const ir::Node& n = graph.node_at(id);
    if (n.kind == ir::NodeKind::test) below[id] = 1 + std::max(below[n.then], below[n.otherwise]);
  }
  return below[decisions.root_of(1)];
}

// An allow-list in front of another: what passed the newer one need not be asked again.
struct Pruned {
  const char* what;
  const char* newer;
  const char* older;
  std::uint32_t tests;  // that are left on the longest path
};

TEST(Specialiser, FactsOfOneFilterPruneTheNext) {
  for (const Pruned& pruned : {
           Pruned{"the same test", "ld [args[0].lo]\njeq #5, no\nret #ALLOW\nno: ret #TRAP",
                  "ld [args[0].lo]\njeq #5, no\nret #ALLOW\nno: ret #LOG", 1},
           Pruned{"a larger bound", "ld [args[0].lo]\njge #100, no\nret #ALLOW\nno: ret #TRAP",
                  "ld [args[0].lo]\njge #200, no\nret #ALLOW\nno: ret #LOG", 1},
           Pruned{"a smaller bound", "ld [args[0].lo]\njge #100, no\nret #ALLOW\nno: ret #TRAP",
                  "ld [args[0].lo]\njge #50, no\nret #ALLOW\nno: ret #LOG", 2},
           Pruned{"bits that were clear", "ld [args[0].lo]\njset #0xff, no\nret #ALLOW\nno: ret #TRAP",
                  "ld [args[0].lo]\njset #0x18, no\nret #ALLOW\nno: ret #LOG", 1},
           Pruned{"a constant of clear bits", "ld [args[0].lo]\njset #0xff, no\nret #ALLOW\nno: ret #TRAP",
                  "ld [args[0].lo]\njeq #0x1234, no\nret #ALLOW\nno: ret #LOG", 1},
           Pruned{"a bound by bits", "ld [args[0].lo]\njset #0xfffffff0, no\nret #ALLOW\nno: ret #TRAP",
                  "ld [args[0].lo]\njgt #15, no\nret #ALLOW\nno: ret #LOG", 1},
           Pruned{"a masked value", "ld [args[0].lo]\nand #0xf0\njeq #0x20, ok\nret #TRAP\nok: ret #ALLOW",
                  "ld [args[0].lo]\nand #0x30\njeq #0x20, ok\nret #LOG\nok: ret #ALLOW", 1},
           Pruned{"the same sum", "ld [args[0].lo]\nadd #3\njgt #9, no\nret #ALLOW\nno: ret #TRAP",
                  "ld [args[0].lo]\nadd #3\njgt #99, no\nret #ALLOW\nno: ret #LOG", 1},
           Pruned{"two values that differ",
                  "ld [args[0].lo]\ntax\nld [args[1].lo]\njeq x, no\nret #ALLOW\nno: ret #TRAP",
                  "ld [args[1].lo]\ntax\nld [args[0].lo]\njeq x, no\nret #ALLOW\nno: ret #LOG", 1},
           Pruned{"two values in order", "ld [args[0].lo]\ntax\nld [args[1].lo]\njgt x, no\nret #ALLOW\nno: ret #TRAP",
                  "ld [args[0].lo]\ntax\nld [args[1].lo]\njgt x, no\nret #ALLOW\nno: ret #LOG", 1},
           Pruned{"a value that is not smaller",
                  "ld [args[1].lo]\ntax\nld [args[0].lo]\njge x, no\nret #ALLOW\nno: ret #TRAP",
                  "ld [args[1].lo]\ntax\nld [args[0].lo]\njge x, no\nret #ALLOW\nno: ret #LOG", 1},
           Pruned{"common bits of two values",
                  "ld [args[0].lo]\ntax\nld [args[1].lo]\njset x, no\nret #ALLOW\nno: ret #TRAP",
                  "ld [args[1].lo]\ntax\nld [args[0].lo]\njset x, no\nret #ALLOW\nno: ret #LOG", 1},
           Pruned{"another order of two values",
                  "ld [args[0].lo]\ntax\nld [args[1].lo]\njgt x, no\nret #ALLOW\nno: ret #TRAP",
                  "ld [args[1].lo]\ntax\nld [args[0].lo]\njgt x, no\nret #ALLOW\nno: ret #LOG", 2},
           Pruned{"another argument", "ld [args[0].lo]\njeq #5, no\nret #ALLOW\nno: ret #TRAP",
                  "ld [args[1].lo]\njeq #5, no\nret #ALLOW\nno: ret #LOG", 2},
       }) {
    SCOPED_TRACE(pruned.what);
    const std::vector<Program> filters = {program(pruned.older), program(pruned.newer)};
    EXPECT_EQ(depth(decisions_of(filters, compose::Precision::path_sensitive)), pruned.tests);
    EXPECT_EQ(depth(decisions_of(filters, compose::Precision::per_number)), 2u) << "no facts, no pruning";
  }
}

ir::Node root_of(const compose::ChainGraph& decisions, std::uint32_t class_id) {
  return decisions.graph.node_at(decisions.root_of(class_id));
}

// nr == arch, behind a test of an argument: its right side is no constant, and still the class decides it.
TEST(Specialiser, TheClassDecidesComparisonsOfNumberAndArchitecture) {
  const auto decisions = decisions_of({program("ld [args[0].lo]\njeq #1, l\nret #ALLOW\n"
                                               "l: ld [arch]\ntax\nld [nr]\njeq x, m\nret #LOG\nm: ret #TRAP")},
                                      compose::Precision::path_sensitive);
  const ir::Node root = root_of(decisions, 1);
  ASSERT_EQ(root.kind, ir::NodeKind::test);
  EXPECT_EQ(decisions.graph.node_at(root.then).kind, ir::NodeKind::constant);
  EXPECT_EQ(decisions.graph.node_at(root.then).result(), action::log);
}

// An argument of which the architecture leaves nothing: both sides become constant, though the number does not decide.
TEST(Specialiser, TheArchitectureMayMaskAnArgumentAway) {
  const auto decisions = decisions_of({program("ld [arch]\nsub #0xc000003e\ntax\nld [args[0].lo]\nand x\n"
                                               "jeq #5, l\nret #ALLOW\nl: ret #TRAP")},
                                      compose::Precision::path_sensitive);
  const std::uint32_t last = compose::domain_classes - 1;
  ASSERT_EQ(compose::arch_of(1), arch::x86_64);
  ASSERT_EQ(compose::arch_of(last), arch::x86_32);
  EXPECT_EQ(root_of(decisions, 1).kind, ir::NodeKind::constant);
  EXPECT_EQ(root_of(decisions, 1).result(), action::allow);
  EXPECT_EQ(root_of(decisions, last).kind, ir::NodeKind::test);
}

// a > b, and what follows when it is not: b >= a.
TEST(Specialiser, AnOrderThatDoesNotHoldIsTheOtherOne) {
  const auto decisions =
      decisions_of({program("ld [args[1].lo]\ntax\nld [args[0].lo]\njge x, ok\nret #LOG\nok: ret #ALLOW"),
                    program("ld [args[0].lo]\ntax\nld [args[1].lo]\njgt x, no\nret #ALLOW\nno: ret #TRAP")},
                   compose::Precision::path_sensitive);
  EXPECT_EQ(depth(decisions), 1u);
}

TEST(Specialiser, TheSameFilterAgainAddsNothing) {
  const Program filter = program(
      "ld [nr]\njeq #1, l\nret #ALLOW\nl: ld [args[0].hi]\njeq #0, m\nret #TRAP\n"
      "m: ld [args[0].lo]\njgt #100, n\nret #ALLOW\nn: ret #TRAP");
  for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
    const std::uint32_t once = decisions_of({filter}, compose::Precision::path_sensitive, rule).graph.node_count();
    const std::vector<Program> many(64, filter);
    EXPECT_EQ(decisions_of(many, compose::Precision::path_sensitive, rule).graph.node_count(), once);
  }
}

// The budget is for all calls of one specialiser together.
TEST(Specialiser, TakesNoMoreStepsThanItMay) {
  oracles::ProgramGenerator generator(61);
  std::uint32_t refused = 0;
  for (int i = 0; i < 200; ++i) {
    compose::FilterGraph graph;
    const auto older =
        ir::build(graph, program(generator.valid(60)), compose::seccomp_sequence(MergeRule::first_non_allow), 0);
    const auto newer =
        ir::build(graph, program(generator.valid(60)), compose::seccomp_sequence(MergeRule::first_non_allow), 1);
    if (!older || !newer) continue;
    for (const std::uint32_t budget : {0u, 1u, 10u, 100u, 1000u}) {
      compose::Specialiser specialiser(graph, MergeRule::most_restrictive, true, budget);
      for (std::uint32_t nr = 0; nr < 8; ++nr) {
        specialiser.set_class(compose::ClassId{nr + 1}, nr, arch::x86_64);
        refused += !specialiser.run(*newer, *older);
        ASSERT_LE(specialiser.steps(), budget + 5u);
      }
    }
  }
  EXPECT_GT(refused, 500u);
}

ir::Support support_of(const ir::Graph& graph, compose::SubjectId value) {
  return graph.expr_at(ir::ExprId{value.index()}).support;
}

TEST(Environment, KeepsAFewFacts) {
  compose::FilterGraph graph;
  compose::Environment known;
  const auto value = [&](std::uint32_t i) { return compose::subject_of(graph.load(16 + 4 * i)); };
  for (std::uint32_t i = 0; i < compose::Environment::capacity + 2; ++i)
    known.set(value(i), i + 1, support_of(graph, value(i)));
  for (std::uint32_t i = 0; i < compose::Environment::capacity; ++i) EXPECT_EQ(known.facts_of(value(i)), i + 1);
  EXPECT_EQ(known.facts_of(value(compose::Environment::capacity)), 0u) << "nothing is known of the others";
  known.set(value(0), 99, support_of(graph, value(0)));
  EXPECT_EQ(known.facts_of(value(0)), 99u) << "what is kept can change";
}

// However it came about, the same knowledge is the same state.
TEST(Environment, DoesNotDependOnOrder) {
  compose::FilterGraph graph;
  const compose::SubjectId a = compose::subject_of(graph.load(16));
  const compose::SubjectId b = compose::subject_of(graph.load(24));
  compose::Environment ab;
  ab.set(a, 1, support_of(graph, a));
  ab.set(b, 2, support_of(graph, b));
  compose::Environment ba;
  ba.set(b, 2, support_of(graph, b));
  ba.set(a, 1, support_of(graph, a));
  EXPECT_EQ(ab, ba);
  EXPECT_EQ(ab.hash(), ba.hash());
  ab.keep(support_of(graph, b));
  EXPECT_EQ(ab.facts_of(b), 2u);
  ab.keep(0);
  EXPECT_TRUE(ab.empty());
}

}  // namespace
}  // namespace callgate::test
