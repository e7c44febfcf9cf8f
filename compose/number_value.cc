#include "compose/number_value.h"

#include "compose/seccomp.h"

namespace callgate::compose {

// Recursion is bounded by the size of an expression.
std::optional<std::uint32_t> number_value(const Graph& graph, ExprId id, std::uint32_t nr, std::uint32_t arch) {
  const Expr& e = graph.expr_at(id);
  if (e.op == Op::constant) return e.value();
  if ((e.words & ~number_words) != 0) return std::nullopt;
  if (e.op == Op::load) return e.offset() == nr_offset ? nr : arch;
  const auto lhs = number_value(graph, e.lhs(), nr, arch);
  const auto rhs = info(e.op).arity == 2 ? number_value(graph, e.rhs(), nr, arch) : lhs;
  if (!lhs || !rhs || (e.op == Op::div && *rhs == 0)) return std::nullopt;
  return evaluate_op(e.op, *lhs, *rhs);
}

std::optional<std::uint32_t> number_result(const Graph& graph, NodeId root, std::uint32_t nr, std::uint32_t arch) {
  for (NodeId id = root;;) {
    const Node& node = graph.node_at(id);
    if (node.kind == NodeKind::constant) return node.result();
    if (node.kind == NodeKind::computed) return number_value(graph, node.computed(), nr, arch);
    const auto lhs = number_value(graph, node.lhs(), nr, arch);
    const auto rhs = lhs ? number_value(graph, node.rhs(), nr, arch) : std::nullopt;
    if (!rhs) return std::nullopt;
    id = holds(node.compare, *lhs, *rhs) ? node.then : node.otherwise;
  }
}

}  // namespace callgate::compose
