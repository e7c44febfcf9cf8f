// Folding constructors: the expression or node that means the same and is simpler, where there is one. All tests that
// the passes and the specialiser make come from here, so that one shape stands for one meaning:
//
//   the constant stands on the right;  x > k is x >= k + 1;  x >= 1 is x == 0 with its ways swapped;
//   (x & bit) == bit is x & bit (any bit set);  two neighbouring bit tests with one way in common are one.
//
// Multiplications and divisions keep the shape that they have in the filter: they must stay easy to prove equal to it.
#pragma once

#include "ir/graph.h"

namespace callgate::ir {

// op(lhs, rhs), computed if both are constants. A division by the constant 0 is left as it is: it stands behind a
// test that never lets it be reached.
ExprId fold_expr(Graph& graph, Op op, ExprId lhs, ExprId rhs = {});

// The test, or the successor that it always takes.
NodeId fold_test(Graph& graph, Compare compare, ExprId lhs, ExprId rhs, NodeId then, NodeId otherwise,
                 Source source = {});

}  // namespace callgate::ir
