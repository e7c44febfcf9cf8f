#include "ir/fold.h"

#include <bit>
#include <utility>

namespace callgate::ir {
namespace {

constexpr std::uint32_t all_ones = 0xffffffff;

bool commutes(Op op) { return op == Op::add || op == Op::or_ || op == Op::and_ || op == Op::xor_; }

// op(lhs, k), or (x op j) op k as one operation.
ExprId with_constant(Graph& graph, Op op, ExprId lhs, std::uint32_t k) {
  const Expr l = graph.expr_at(lhs);
  const bool twice = l.op == op && commutes(op) && graph.is_constant(l.rhs());
  if (twice) return with_constant(graph, op, l.lhs(), evaluate_op(op, graph.constant_value(l.rhs()), k));
  switch (op) {
    case Op::add:
    case Op::sub:
    case Op::xor_:
      if (k == 0) return lhs;
      break;
    case Op::or_:
      if (k == 0) return lhs;
      if (k == all_ones) return graph.constant(all_ones);
      break;
    case Op::and_:
      if (k == all_ones) return lhs;
      if (k == 0) return graph.constant(0);
      break;
    case Op::lsh:
    case Op::rsh:
      if ((k & 31) == 0) return lhs;
      k &= 31;
      break;
    case Op::mul:  // LCOV_EXCL_START: neither products and quotients nor what has no two sides comes here
    case Op::div:
    case Op::neg:
    case Op::constant:
    case Op::load: break;  // LCOV_EXCL_STOP
  }
  const ExprId rhs = graph.constant(k);  // one statement each: argument order differs by compiler
  return graph.expr(op, lhs, rhs);
}

// A test whose right side is a constant.
struct Test {
  Compare compare;
  ExprId lhs;
  std::uint32_t k;
  NodeId then;
  NodeId otherwise;

  void negate() { std::swap(then, otherwise); }
};

void fold_masked(Graph& graph, Test& test) {
  const Expr e = graph.expr_at(test.lhs);
  if (e.op != Op::and_ || !graph.is_constant(e.rhs())) return;
  const std::uint32_t mask = graph.constant_value(e.rhs());
  if (test.compare == Compare::any_bit_set) {
    test.lhs = e.lhs();
    test.k &= mask;
  } else if (test.compare == Compare::equal && (test.k & ~mask) != 0) {
    test.then = test.otherwise;
  } else if (test.compare == Compare::equal && test.k == 0) {
    test = {Compare::any_bit_set, e.lhs(), mask, test.otherwise, test.then};
  } else if (test.compare == Compare::equal && test.k == mask && std::has_single_bit(mask)) {
    test = {Compare::any_bit_set, e.lhs(), mask, test.then, test.otherwise};
  }
}

// Brings a comparison of order into its one shape.
void fold_order(Test& test) {
  if (test.compare == Compare::greater) {
    if (test.k == all_ones) {
      test.then = test.otherwise;
      return;
    }
    test.compare = Compare::greater_equal;
    ++test.k;
  }
  if (test.compare == Compare::greater_equal) {
    if (test.k == 0) test.otherwise = test.then;
    if (test.k == 1) {
      test.compare = Compare::equal;
      test.k = 0;
      test.negate();
    } else if (test.k == all_ones) {
      test.compare = Compare::equal;
    }
  }
}

// Any of no bits, and any of all.
void fold_bits(Test& test) {
  if (test.compare != Compare::any_bit_set) return;
  if (test.k == 0) test.then = test.otherwise;
  if (test.k == all_ones) {
    test.compare = Compare::equal;
    test.k = 0;
    test.negate();
  }
}

// x & m ? T : (x & n ? T : E) is x & (m | n) ? T : E.
void join_bit_tests(const Graph& graph, Test& test) {
  if (test.compare != Compare::any_bit_set) return;
  const Node& below = graph.node_at(test.otherwise);
  const bool joins = below.kind == NodeKind::test && below.compare == Compare::any_bit_set && below.lhs() == test.lhs &&
                     below.then == test.then && graph.is_constant(below.rhs());
  if (!joins) return;
  test.k |= graph.constant_value(below.rhs());
  test.otherwise = below.otherwise;
}

// `rhs` is the constant test.k.
NodeId with_constant(Graph& graph, Test test, ExprId rhs, Source source) {
  const std::uint32_t k = test.k;
  fold_order(test);
  fold_masked(graph, test);
  join_bit_tests(graph, test);
  fold_bits(test);
  if (test.then == test.otherwise) return test.then;
  if (test.k != k) rhs = graph.constant(test.k);
  return graph.test(test.compare, test.lhs, rhs, test.then, test.otherwise, source);
}

bool holds_for_equals(Compare compare) { return compare == Compare::equal || compare == Compare::greater_equal; }

// k compare x, with the constant brought to the right side.
NodeId with_constant_left(Graph& graph, Compare compare, ExprId constant, ExprId x, NodeId then, NodeId otherwise,
                          Source source) {
  const std::uint32_t k = graph.constant_value(constant);
  switch (compare) {
    case Compare::greater:
      return with_constant(graph, {Compare::greater_equal, x, k, otherwise, then}, constant, source);
    case Compare::greater_equal:
      return with_constant(graph, {Compare::greater, x, k, otherwise, then}, constant, source);
    case Compare::equal:
    case Compare::any_bit_set: break;
  }
  return with_constant(graph, {compare, x, k, then, otherwise}, constant, source);
}

}  // namespace

ExprId fold_expr(Graph& graph, Op op, ExprId lhs, ExprId rhs) {
  const Expr l = graph.expr_at(lhs);
  const Expr r = info(op).arity == 2 ? graph.expr_at(rhs) : l;
  const bool constant = l.op == Op::constant && r.op == Op::constant;
  if (constant && !(op == Op::div && r.value() == 0)) return graph.constant(evaluate_op(op, l.value(), r.value()));
  if (info(op).arity < 2 || op == Op::mul || op == Op::div) return graph.expr(op, lhs, rhs);
  if (r.op == Op::constant) return with_constant(graph, op, lhs, r.value());
  if (l.op == Op::constant && commutes(op)) return with_constant(graph, op, rhs, l.value());
  if (lhs == rhs && (op == Op::sub || op == Op::xor_)) return graph.constant(0);
  if (lhs == rhs && (op == Op::and_ || op == Op::or_)) return lhs;
  return graph.expr(op, lhs, rhs);
}

NodeId fold_test(Graph& graph, Compare compare, ExprId lhs, ExprId rhs, NodeId then, NodeId otherwise, Source source) {
  if (then == otherwise) return then;
  const Expr l = graph.expr_at(lhs);
  const Expr r = graph.expr_at(rhs);
  if (l.op == Op::constant && r.op == Op::constant) return holds(compare, l.value(), r.value()) ? then : otherwise;
  if (r.op == Op::constant) return with_constant(graph, {compare, lhs, r.value(), then, otherwise}, rhs, source);
  if (l.op == Op::constant) return with_constant_left(graph, compare, lhs, rhs, then, otherwise, source);
  if (lhs == rhs && compare != Compare::any_bit_set) return holds_for_equals(compare) ? then : otherwise;
  return graph.test(compare, lhs, rhs, then, otherwise, source);
}

}  // namespace callgate::ir
