// evaluate_op() and holds() over edge values, against 64-bit arithmetic of this test's own.
#include <gtest/gtest.h>

#include "ir/fold.h"
#include "ir/graph.h"
#include "tests/support/filter_graph.h"

namespace callgate::ir {
namespace {

constexpr std::uint32_t edges[] = {
    0,          1,          2,          3,          7,          8,          15,         16,         31,
    32,         33,         63,         64,         0x7f,       0x80,       0xff,       0x100,      0x7fff,
    0x8000,     0xffff,     0x10000,    0x12345678, 0x55555555, 0x7fff0000, 0x7ffffffe, 0x7fffffff, 0x80000000,
    0x80000001, 0xaaaaaaaa, 0xffff0000, 0xffff7fff, 0xffff8000, 0xffffff80, 0xfffffffe, 0xffffffff,
};
constexpr Op operations[] = {Op::neg, Op::add,  Op::sub,  Op::mul, Op::div,
                             Op::or_, Op::and_, Op::xor_, Op::lsh, Op::rsh};
constexpr Compare compares[] = {Compare::equal, Compare::greater, Compare::greater_equal, Compare::any_bit_set};
constexpr std::uint64_t modulus = std::uint64_t{1} << 32;

std::uint64_t power_of_two(std::uint32_t exponent) {
  std::uint64_t power = 1;
  for (std::uint32_t i = 0; i < exponent; ++i) power *= 2;
  return power;
}

// or, and, xor by their truth tables, bit by bit.
std::uint64_t bitwise(Op op, std::uint64_t l, std::uint64_t r) {
  std::uint64_t result = 0;
  for (std::uint64_t weight = 1; weight < modulus; weight *= 2) {
    const bool a = l / weight % 2 == 1;
    const bool b = r / weight % 2 == 1;
    const bool bit = op == Op::or_ ? (a ? true : b) : op == Op::and_ ? (a ? b : false) : a != b;
    if (bit) result += weight;
  }
  return result;
}

std::uint64_t expected(Op op, std::uint64_t l, std::uint64_t r) {
  switch (op) {
    case Op::neg: return (modulus - l) % modulus;
    case Op::add: return (l + r) % modulus;
    case Op::sub: return (modulus + l - r) % modulus;
    case Op::mul: return l * r % modulus;
    case Op::div: return (l - l % r) / r;
    case Op::lsh: return l * power_of_two(static_cast<std::uint32_t>(r % 32)) % modulus;
    case Op::rsh: return l / power_of_two(static_cast<std::uint32_t>(r % 32));
    default: return bitwise(op, l, r);
  }
}

bool expected(Compare compare, std::uint64_t l, std::uint64_t r) {
  const auto difference = static_cast<std::int64_t>(l) - static_cast<std::int64_t>(r);
  switch (compare) {
    case Compare::equal: return difference == 0;
    case Compare::greater: return difference > 0;
    case Compare::greater_equal: return difference >= 0;
    default: return bitwise(Op::and_, l, r) != 0;
  }
}

template <class Visit>
void for_each_pair(Visit visit) {
  for (const std::uint32_t l : edges) {
    for (const std::uint32_t r : edges) visit(l, r);
  }
}

TEST(Values, ApplyIsArithmeticModulo32Bits) {
  for (const Op op : operations) {
    for_each_pair([&](std::uint32_t l, std::uint32_t r) {
      if (op == Op::div && r == 0) return;
      EXPECT_EQ(evaluate_op(op, l, r), expected(op, l, r)) << l << ' ' << info(op).symbol << ' ' << r;
    });
  }
}

TEST(Values, HoldsComparesUnsigned) {
  for (const Compare compare : compares) {
    for_each_pair([&](std::uint32_t l, std::uint32_t r) {
      EXPECT_EQ(holds(compare, l, r), expected(compare, l, r)) << l << ' ' << symbol(compare) << ' ' << r;
    });
  }
}

TEST(Values, EveryOperationAndCompareIsInThisTest) {
  std::size_t count = 0;
#define CALLGATE_IR_OP(identifier, symbol, arity) count += (arity) > 0;
#include "ir/opcodes.inc"
#undef CALLGATE_IR_OP
  EXPECT_EQ(count, std::size(operations));
  EXPECT_EQ(static_cast<std::size_t>(Compare::any_bit_set) + 1, std::size(compares));
}

TEST(Values, FoldedExpressionsAreWhatApplyGives) {
  compose::FilterGraph graph;
  for (const Op op : operations) {
    for_each_pair([&](std::uint32_t l, std::uint32_t r) {
      const ExprId id = fold_expr(graph, op, graph.constant(l), graph.constant(r));
      if (op == Op::div && r == 0) {
        EXPECT_EQ(graph.expr_at(id).op, Op::div);
      } else {
        EXPECT_EQ(id, graph.constant(evaluate_op(op, l, r)));
      }
    });
  }
}

TEST(Values, WhatIsNotConstantIsKept) {
  compose::FilterGraph graph;
  const ExprId nr = graph.load(0);
  const ExprId one = graph.constant(1);
  for (const Op op : operations) {
    EXPECT_EQ(graph.expr_at(fold_expr(graph, op, nr, one)).op, op);
    if (op == Op::neg) continue;
    EXPECT_EQ(graph.expr_at(fold_expr(graph, op, one, nr)).op, op);
  }
}

TEST(Values, FoldedTestsTakeTheWayThatHolds) {
  compose::FilterGraph graph;
  const NodeId yes = graph.leaf(1);
  const NodeId no = graph.leaf(2);
  for (const Compare compare : compares) {
    for_each_pair([&](std::uint32_t l, std::uint32_t r) {
      EXPECT_EQ(fold_test(graph, compare, graph.constant(l), graph.constant(r), yes, no),
                holds(compare, l, r) ? yes : no);
    });
    EXPECT_EQ(fold_test(graph, compare, graph.load(0), graph.constant(1), yes, yes), yes);
    EXPECT_EQ(graph.node_at(fold_test(graph, compare, graph.load(0), graph.constant(1), yes, no)).kind, NodeKind::test);
    EXPECT_EQ(graph.node_at(fold_test(graph, compare, graph.constant(1), graph.load(0), yes, no)).kind, NodeKind::test);
  }
}

TEST(Values, EqualItemsAreOneItem) {
  compose::FilterGraph graph;
  const ExprId nr = graph.load(0);
  EXPECT_EQ(graph.load(0), nr);
  EXPECT_NE(graph.constant(0), nr);
  const ExprId negated = graph.expr(Op::neg, nr, nr);
  EXPECT_EQ(graph.expr(Op::neg, nr, graph.constant(7)), negated) << "the right side of a unary operation means nothing";
  EXPECT_NE(graph.expr(Op::sub, nr, negated), graph.expr(Op::sub, negated, nr));
  const NodeId yes = graph.leaf(1);
  EXPECT_EQ(graph.leaf(1, {3, 9}), yes) << "where a node comes from is no part of it";
  EXPECT_NE(graph.computed_leaf(ExprId{1}), yes);
  for (std::uint32_t value = 0; value < 10000; ++value) graph.constant(value * 0x9e3779b9);
  EXPECT_EQ(graph.load(0), nr) << "numbers stay when the table grows";
}

TEST(Values, WhatIsNotInATableIsNotFound) {
  Interner<Expr> table;
  const Expr item = Expr::load(4, 1);
  EXPECT_EQ(table.find(item), std::nullopt) << "there is no table yet";
  const std::uint32_t id = table.intern(item);
  EXPECT_EQ(table.find(item), id);
  EXPECT_EQ(table.find(Expr::load(8, 1)), std::nullopt);
}

}  // namespace
}  // namespace callgate::ir
