// Graphs as text for people: nesting is shown by parentheses, and Graphviz gets every node and edge.
#include "compose/print.h"

#include <gtest/gtest.h>

#include "compose/plan.h"
#include "ir/print.h"
#include "tests/support/filter_graph.h"
#include "tests/support/filters.h"

namespace callgate::compose {
namespace {

TEST(Print, ExpressionsWithFieldNamesAndParentheses) {
  compose::FilterGraph graph;
  const ExprId nr = graph.load(0);
  const ExprId masked = graph.expr(Op::and_, nr, graph.constant(0xff));
  EXPECT_EQ(to_text(graph, nr), "nr");
  EXPECT_EQ(to_text(graph, masked), "nr & 0xff");
  EXPECT_EQ(to_text(graph, graph.expr(Op::neg, graph.load(20))), "-args[0].hi");
  EXPECT_EQ(to_text(graph, graph.expr(Op::lsh, masked, graph.expr(Op::neg, nr))), "(nr & 0xff) << (-nr)");
}

// "nr & 0xff == 0x1" would read as nr & (0xff == 0x1) to whoever thinks in C.
TEST(Print, OperationsInConditionsAreInParentheses) {
  compose::FilterGraph graph;
  const ExprId masked = graph.expr(Op::and_, graph.load(0), graph.constant(0xff));
  const NodeId allow = graph.leaf(0x7fff0000);
  graph.root = graph.test(Compare::any_bit_set, masked, graph.constant(1), allow, graph.computed_leaf(masked));
  EXPECT_EQ(to_text(graph),
            "n2: if (nr & 0xff) & 0x1 then n0 else n1\n"
            "n1: return nr & 0xff\n"
            "n0: return ALLOW\n");
}

TEST(Print, Graphviz) {
  compose::FilterGraph graph;
  graph.leaf(5);  // not reached, not shown
  const NodeId yes = graph.leaf(0x00050001);
  const NodeId no = graph.computed_leaf(graph.load(0));
  graph.root = graph.test(Compare::equal, graph.load(4), graph.constant(0x40000003), yes, no);
  EXPECT_EQ(to_dot(graph),
            "digraph callgate {\n"
            "  node [fontname=monospace];\n"
            "  n3 [shape=diamond, label=\"arch == 0x40000003\"];\n"
            "  n3 -> n1 [label=yes];\n"
            "  n3 -> n2 [label=no];\n"
            "  n2 [shape=box, label=\"nr\"];\n"
            "  n1 [shape=box, label=\"ERRNO(1)\"];\n"
            "}\n");
}

const ChainGraph& decisions_of(const Plan& plan) { return *plan.front()->chain_graph(); }

Plan plan_of(const char* text, Precision precision) {
  const Program filter = test::program(text);
  return make_plan({&filter, 1}, {.precision = precision});
}

// Calls whose result is known have no node: only what is left to ask is drawn.
TEST(Print, GraphvizOfDecisionsByNumber) {
  const Plan plan = plan_of(R"(
    ld [0]
    jeq #5, L1, L2
L1: ld [16]
    jeq #7, L2, L3
L2: ret #0x7fff0000
L3: ret #0x50001
)",
                            Precision::path_sensitive);
  EXPECT_EQ(to_dot(decisions_of(plan)),
            "digraph callgate {\n"
            "  node [fontname=monospace];\n"
            "  e0 [shape=plaintext, label=\"x86_64 n2 5\"];\n"
            "  e0 -> n2;\n"
            "  e1 [shape=plaintext, label=\"i386 n2 5\"];\n"
            "  e1 -> n2;\n"
            "  e2 [shape=plaintext, label=\"other architectures n3 \"];\n"
            "  e2 -> n3;\n"
            "  n3 [shape=diamond, label=\"nr == 0x5\"];\n"
            "  n3 -> n2 [label=yes];\n"
            "  n3 -> n0 [label=no];\n"
            "  n2 [shape=diamond, label=\"args[0].lo == 0x7\"];\n"
            "  n2 -> n0 [label=yes];\n"
            "  n2 -> n1 [label=no];\n"
            "  n1 [shape=box, label=\"ERRNO(1)\"];\n"
            "  n0 [shape=box, label=\"ALLOW\"];\n"
            "}\n");
}

TEST(Print, GraphvizOfOneGraphForAllCalls) {
  EXPECT_EQ(to_dot(decisions_of(plan_of("ld [16]\nret a\n", Precision::number_blind))),
            "digraph callgate {\n"
            "  node [fontname=monospace];\n"
            "  e0 [shape=plaintext, label=\"all calls n2 \"];\n"
            "  e0 -> n2;\n"
            "  n2 [shape=diamond, label=\"(args[0].lo & 0xffff0000) == 0x7fff0000\"];\n"
            "  n2 -> n0 [label=yes];\n"
            "  n2 -> n1 [label=no];\n"
            "  n1 [shape=box, label=\"args[0].lo\"];\n"
            "  n0 [shape=box, label=\"ALLOW\"];\n"
            "}\n");
}

}  // namespace
}  // namespace callgate::compose
