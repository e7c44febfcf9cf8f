// Flat graphs decide as the graphs do that they are made from: every comparison of a word, the code of an expression,
// and what lies beyond the encoding. (Whole chains decide by them wherever tests/support/agree.h asks the interpreter.)
#include "ir/flat.h"

#include <gtest/gtest.h>

#include "ir/evaluate.h"
#include "tests/support/filter_graph.h"

namespace callgate::ir {
namespace {

using compose::arch_offset;
using compose::FilterGraph;
using compose::nr_offset;

SeccompData call_of(std::uint32_t nr, std::uint32_t arch = 0) { return {nr, arch, 0, {}}; }

std::uint32_t evaluate(const FlatGraph& flat, NodeId root, const SeccompData& data) {
  return flat.evaluate(root, &data);
}

// Folding leaves no x > k; who makes graphs by hand may.
TEST(Flat, EveryComparisonOfAWord) {
  for (const Compare compare : {Compare::equal, Compare::greater, Compare::greater_equal, Compare::any_bit_set}) {
    for (const std::uint32_t k : {0u, 1u, 6u, 0x80000000u, 0xffffffffu}) {
      FilterGraph graph;
      const ExprId nr = graph.load(nr_offset);
      const ExprId constant = graph.constant(k);
      const NodeId yes = graph.leaf(1);
      const NodeId no = graph.leaf(2);
      graph.root = graph.test(compare, nr, constant, yes, no);
      const FlatGraph flat = FlatGraph::make(graph);
      for (const std::uint32_t value : {0u, 1u, 2u, 5u, 6u, 7u, 0x7fffffffu, 0x80000000u, 0x80000001u, 0xffffffffu}) {
        EXPECT_EQ(evaluate(flat, graph.root, call_of(value)), evaluate(graph, call_of(value)))
            << value << " " << symbol(compare) << " " << k;
      }
    }
  }
}

// A test stands in front of every division. Should it be lost, the process is not.
TEST(Flat, ADivisionByZeroIsNoFault) {
  FilterGraph graph;
  const ExprId nr = graph.load(nr_offset);
  const ExprId arch = graph.load(arch_offset);
  graph.root = graph.computed_leaf(graph.expr(Op::div, nr, arch));
  const FlatGraph flat = FlatGraph::make(graph);
  EXPECT_EQ(evaluate(flat, graph.root, call_of(7, 2)), 3u);
  EXPECT_EQ(evaluate(flat, graph.root, call_of(7, 0)), 0u);
}

// Computed leaves, each with three operations of its own.
FilterGraph with_code(std::uint32_t leaves) {
  FilterGraph graph;
  const ExprId nr = graph.load(nr_offset);
  for (std::uint32_t i = 0; i < leaves; ++i) {
    const ExprId constant = graph.constant(i);
    graph.root = graph.computed_leaf(graph.expr(Op::add, nr, constant));
  }
  return graph;
}

TEST(Flat, MoreCodeThanCanBeNamedIsRefused) {
  const std::uint32_t most = 0xffff / 3;
  const FilterGraph graph = with_code(most);
  const FlatGraph flat = FlatGraph::make(graph);
  ASSERT_FALSE(flat.empty());
  EXPECT_EQ(evaluate(flat, graph.root, call_of(5)), most - 1 + 5);
  EXPECT_TRUE(FlatGraph::make(with_code(most + 1)).empty());
}

// What the stack of the walk has no room for is refused, wherever it stands.
TEST(Flat, ExpressionsThatAreTooLargeAreRefused) {
  for (const std::uint32_t size : {max_merged_expr_size - 1, max_merged_expr_size + 1}) {
    for (const bool leaf : {true, false}) {
      FilterGraph graph;
      const ExprId nr = graph.load(nr_offset);
      ExprId value = nr;
      while (graph.expr_at(value).size < size) value = graph.expr(Op::sub, nr, value);  // all operands wait
      const NodeId yes = graph.leaf(1);
      graph.root = leaf ? graph.computed_leaf(value) : graph.test(Compare::equal, value, nr, yes, graph.leaf(2));
      const FlatGraph flat = FlatGraph::make(graph);
      ASSERT_EQ(flat.empty(), size > max_merged_expr_size) << size;
      if (!flat.empty()) {
        EXPECT_EQ(evaluate(flat, graph.root, call_of(5, 0)), evaluate(graph, call_of(5))) << size;
      }
    }
  }
}

}  // namespace
}  // namespace callgate::ir
