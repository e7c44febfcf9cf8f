#include "ir/print.h"

#include <cstdio>
#include <map>
#include <vector>

#include "bpf/names.h"
#include "ir/reachable.h"

namespace callgate::ir {
namespace {

std::string hex(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%x", value);
  return text;
}

const char* infix(Op op) {
  switch (op) {
    case Op::add: return " + ";
    case Op::sub: return " - ";
    case Op::mul: return " * ";
    case Op::div: return " / ";
    case Op::or_: return " | ";
    case Op::and_: return " & ";
    case Op::xor_: return " ^ ";
    case Op::lsh: return " << ";
    case Op::rsh: return " >> ";
    case Op::constant:  // LCOV_EXCL_START: these have no two sides
    case Op::load:
    case Op::neg: break;
  }
  return " ? ";  // LCOV_EXCL_STOP
}

// An expression inside a larger one, or as one side of a test.
std::string operand(const Graph& graph, ExprId id, const std::vector<std::string>& texts) {
  return info(graph.expr_at(id).op).arity == 0 ? texts[id.index()] : "(" + texts[id.index()] + ")";
}

// The text of every expression up to `last`. Operands come before their users.
std::vector<std::string> expr_texts(const Graph& graph, ExprId last) {
  std::vector<std::string> texts;
  const auto text_of = [&](ExprId id) { return operand(graph, id, texts); };
  for (const ExprId id : IdRange<ExprId>::upwards(0, last.index() + 1)) {
    const Expr& e = graph.expr_at(id);
    switch (info(e.op).arity) {
      case 0: texts.push_back(e.op == Op::constant ? hex(e.value()) : std::string(bpf::field_name(e.offset()))); break;
      case 1: texts.push_back("-" + text_of(e.lhs())); break;
      default: texts.push_back(text_of(e.lhs()) + infix(e.op) + text_of(e.rhs())); break;
    }
  }
  return texts;
}

std::string condition(const Graph& graph, const Node& node, const std::vector<std::string>& exprs) {
  return operand(graph, node.lhs(), exprs) + " " + symbol(node.compare) + " " + operand(graph, node.rhs(), exprs);
}

std::string result(const Node& node, const std::vector<std::string>& exprs) {
  return node.kind == NodeKind::constant ? bpf::result_name(node.result()) : exprs[node.computed().index()];
}

// visit(id, node) for every reachable node, predecessors first.
template <class Visit>
void for_each_node(const Graph& graph, std::span<const NodeId> roots, Visit visit) {
  const Reachable reachable = reachable_from(graph, roots);
  for (const NodeId id : graph.nodes_downwards()) {
    if (reachable.nodes[id]) visit(id, graph.node_at(id));
  }
}

std::vector<std::string> all_exprs(const Graph& graph) {
  return graph.expr_count() == 0 ? std::vector<std::string>{} : expr_texts(graph, ExprId{graph.expr_count() - 1});
}

}  // namespace

std::string node_name(NodeId id) { return "n" + std::to_string(id.index()); }

std::string to_text(const Graph& graph, ExprId expr) { return expr_texts(graph, expr).back(); }

std::string to_text(const Graph& graph, std::span<const NodeId> roots) {
  const auto exprs = all_exprs(graph);
  std::string text;
  for_each_node(graph, roots, [&](NodeId id, const Node& node) {
    text += node_name(id) + ": ";
    if (node.kind == NodeKind::test) {
      text += "if " + condition(graph, node, exprs) + " then " + node_name(node.then) + " else " +
              node_name(node.otherwise);
    } else {
      text += "return " + result(node, exprs);
    }
    text += '\n';
  });
  return text;
}

std::string dot_statements(const Graph& graph, std::span<const NodeId> roots) {
  const auto exprs = all_exprs(graph);
  std::string text;
  for_each_node(graph, roots, [&](NodeId id, const Node& node) {
    if (node.kind == NodeKind::test) {
      text += "  " + node_name(id) + " [shape=diamond, label=\"" + condition(graph, node, exprs) + "\"];\n";
      text += "  " + node_name(id) + " -> " + node_name(node.then) + " [label=yes];\n";
      text += "  " + node_name(id) + " -> " + node_name(node.otherwise) + " [label=no];\n";
    } else {
      text += "  " + node_name(id) + " [shape=box, label=\"" + result(node, exprs) + "\"];\n";
    }
  });
  return text;
}

std::string to_dot(const Graph& graph, std::span<const NodeId> roots) {
  return dot_begin + dot_statements(graph, roots) + "}\n";
}

}  // namespace callgate::ir
