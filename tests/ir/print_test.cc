// Graphs as text for people: nesting is shown by parentheses, and Graphviz gets every node and edge.
#include "ir/print.h"

#include <gtest/gtest.h>

namespace callgate::ir {
namespace {

TEST(Print, ExpressionsWithFieldNamesAndParentheses) {
  Graph graph;
  const ExprId nr = graph.load(0);
  const ExprId masked = graph.expr(Op::and_, nr, graph.constant(0xff));
  EXPECT_EQ(to_text(graph, nr), "nr");
  EXPECT_EQ(to_text(graph, masked), "nr & 0xff");
  EXPECT_EQ(to_text(graph, graph.expr(Op::neg, graph.load(20))), "-args[0].hi");
  EXPECT_EQ(to_text(graph, graph.expr(Op::lsh, masked, graph.expr(Op::neg, nr))), "(nr & 0xff) << (-nr)");
}

// "nr & 0xff == 0x1" would read as nr & (0xff == 0x1) to whoever thinks in C.
TEST(Print, OperationsInConditionsAreInParentheses) {
  Graph graph;
  const ExprId masked = graph.expr(Op::and_, graph.load(0), graph.constant(0xff));
  const NodeId allow = graph.leaf(0x7fff0000);
  graph.root = graph.test(Compare::any_bit_set, masked, graph.constant(1), allow, graph.computed_leaf(masked));
  EXPECT_EQ(to_text(graph),
            "n2: if (nr & 0xff) & 0x1 then n0 else n1\n"
            "n1: return nr & 0xff\n"
            "n0: return ALLOW\n");
}

TEST(Print, Graphviz) {
  Graph graph;
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

}  // namespace
}  // namespace callgate::ir
