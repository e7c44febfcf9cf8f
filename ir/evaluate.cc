#include "ir/evaluate.h"

#include <cassert>
#include <cstring>
#include <vector>

namespace callgate::ir {
namespace {

// Works on an explicit stack in post-order: operands first, then the operation.
std::uint32_t value_of(const Graph& graph, ExprId root, const void* input) {
  struct Step {
    ExprId id;
    bool operands_done;
  };
  std::vector<Step> todo{{root, false}};
  std::vector<std::uint32_t> values;
  const auto pop = [&] {
    const std::uint32_t value = values.back();
    values.pop_back();
    return value;
  };
  while (!todo.empty()) {
    const Step step = todo.back();
    todo.pop_back();
    const Expr& e = graph.expr_at(step.id);
    const int arity = info(e.op).arity;
    if (arity != 0 && !step.operands_done) {
      todo.push_back({step.id, true});
      if (arity == 2) todo.push_back({e.rhs(), false});
      todo.push_back({e.lhs(), false});
    } else if (e.op == Op::constant) {
      values.push_back(e.value());
    } else if (e.op == Op::load) {
      std::uint32_t word = 0;
      std::memcpy(&word, static_cast<const unsigned char*>(input) + e.offset(), sizeof word);
      values.push_back(word);
    } else {
      const std::uint32_t rhs = arity == 2 ? pop() : 0;
      const std::uint32_t lhs = pop();
      assert(e.op != Op::div || rhs != 0);
      values.push_back(evaluate_op(e.op, lhs, rhs));
    }
  }
  return values.back();
}

}  // namespace

std::uint32_t evaluate(const Graph& graph, NodeId root, const void* input) {
  for (NodeId id = root;;) {
    const Node& node = graph.node_at(id);
    switch (node.kind) {
      case NodeKind::constant: return node.result();
      case NodeKind::computed: return value_of(graph, node.computed(), input);
      case NodeKind::test:
        id = holds(node.compare, value_of(graph, node.lhs(), input), value_of(graph, node.rhs(), input))
                 ? node.then
                 : node.otherwise;
    }
  }
}

}  // namespace callgate::ir
