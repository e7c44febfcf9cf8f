// Folding constructors: the expression or node that means the same and is simpler, where there is one.
#pragma once

#include "ir/graph.h"

namespace callgate::ir {

// op(lhs, rhs), computed if both are constants. A division by the constant 0 is left as it is: it stands behind a
// test that never lets it be reached.
ExprId fold_expr(Graph& graph, Op op, ExprId lhs, ExprId rhs = 0);

// The test, or the successor that it always takes.
NodeId fold_test(Graph& graph, Compare compare, ExprId lhs, ExprId rhs, NodeId then, NodeId otherwise);

}  // namespace callgate::ir
