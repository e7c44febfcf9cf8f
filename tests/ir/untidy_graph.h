// Random graphs as no builder leaves them, with everything in them that there are rules to remove.
#pragma once

#include <vector>

#include "callgate/action.hpp"
#include "ir/build.h"
#include "ir/graph.h"
#include "oracles/generator/constants.h"
#include "oracles/generator/random.h"
#include "tests/support/filter_graph.h"

namespace callgate::test {

// Constants to fold, tests that are decided, equal ways, dead nodes. A division stands behind its guard.
inline compose::FilterGraph untidy_graph(oracles::Random& random) {
  compose::FilterGraph graph;
  std::vector<ir::ExprId> exprs;
  const auto any_expr = [&] { return exprs[random.below(static_cast<std::uint32_t>(exprs.size()))]; };
  for (int i = 0; i < 4; ++i) exprs.push_back(graph.constant(oracles::edge_constant(random)));
  for (int i = 0; i < 3; ++i) exprs.push_back(graph.load(4 * random.below(16)));
  constexpr ir::Op ops[] = {ir::Op::neg,  ir::Op::add,  ir::Op::sub, ir::Op::mul, ir::Op::or_,
                            ir::Op::and_, ir::Op::xor_, ir::Op::lsh, ir::Op::rsh};
  for (int i = 0; i < 12; ++i) {
    const ir::Op op = random.pick(ops);
    const ir::ExprId lhs = any_expr();
    const ir::ExprId id = graph.expr(op, lhs, any_expr());
    if (graph.expr_at(id).size <= ir::max_expr_size) exprs.push_back(id);
  }
  std::vector<ir::NodeId> nodes;
  for (const auto result : {action::allow, action::errno_, action::kill_process}) nodes.push_back(graph.leaf(result));
  const auto any_node = [&] { return nodes[random.below(static_cast<std::uint32_t>(nodes.size()))]; };
  for (int i = 0; i < 16; ++i) {
    constexpr ir::Compare compares[] = {ir::Compare::equal, ir::Compare::greater, ir::Compare::greater_equal,
                                        ir::Compare::any_bit_set};
    const ir::Compare compare = random.pick(compares);
    const ir::ExprId lhs = any_expr();
    const ir::ExprId rhs = any_expr();
    const ir::NodeId then = any_node();
    nodes.push_back(graph.test(compare, lhs, rhs, then, any_node()));
    if (random.chance(20)) {
      const ir::ExprId divisor = any_expr();
      const ir::ExprId quotient = graph.expr(ir::Op::div, any_expr(), divisor);
      if (graph.expr_at(quotient).size > ir::max_expr_size) continue;
      const ir::NodeId user = graph.test(ir::Compare::greater, quotient, lhs, then, any_node());
      nodes.push_back(graph.test(ir::Compare::equal, divisor, graph.constant(0), any_node(), user));
    }
  }
  graph.root = nodes.back();
  return graph;
}

inline std::vector<SeccompData> some_inputs(oracles::Random& random) {
  std::vector<SeccompData> inputs(8);
  for (SeccompData& data : inputs) {
    data.nr = oracles::edge_constant(random);
    data.arch = oracles::edge_constant(random);
    for (std::uint64_t& arg : data.args) {
      arg = std::uint64_t{oracles::edge_constant(random)} << 32;
      arg |= oracles::edge_constant(random);
    }
  }
  return inputs;
}

}  // namespace callgate::test
