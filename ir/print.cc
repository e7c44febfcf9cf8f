#include "ir/print.h"

#include <cstdio>
#include <map>
#include <vector>

#include "bpf/names.h"
#include "ir/opt/rewrite.h"

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
    default: return " >> ";
  }
}

// An expression inside a larger one, or as one side of a test.
std::string operand(const Graph& graph, ExprId id, const std::vector<std::string>& texts) {
  return info(graph.expr_at(id).op).arity == 0 ? texts[id] : "(" + texts[id] + ")";
}

// The text of every expression up to `last`. Operands come before their users.
std::vector<std::string> expr_texts(const Graph& graph, ExprId last) {
  std::vector<std::string> texts;
  const auto text_of = [&](ExprId id) { return operand(graph, id, texts); };
  for (ExprId id = 0; id <= last; ++id) {
    const Expr& e = graph.expr_at(id);
    switch (info(e.op).arity) {
      case 0: texts.push_back(e.op == Op::constant ? hex(e.lhs) : std::string(bpf::field_name(e.lhs))); break;
      case 1: texts.push_back("-" + text_of(e.lhs)); break;
      default: texts.push_back(text_of(e.lhs) + infix(e.op) + text_of(e.rhs)); break;
    }
  }
  return texts;
}

std::string condition(const Graph& graph, const Node& node, const std::vector<std::string>& exprs) {
  return operand(graph, node.lhs, exprs) + " " + symbol(node.compare) + " " + operand(graph, node.rhs, exprs);
}

std::string name(NodeId id) { return "n" + std::to_string(id); }

std::string result(const Node& node, const std::vector<std::string>& exprs) {
  return node.kind == NodeKind::constant ? bpf::result_name(node.lhs) : exprs[node.lhs];
}

// visit(id, node) for every reachable node, predecessors first.
template <class Visit>
void for_each_node(const Graph& graph, std::span<const NodeId> roots, Visit visit) {
  const Reachable reachable = reachable_from(graph, roots);
  for (NodeId id = graph.node_count(); id-- > 0;) {
    if (reachable.nodes[id]) visit(id, graph.node_at(id));
  }
}

std::vector<std::string> all_exprs(const Graph& graph) {
  return graph.expr_count() == 0 ? std::vector<std::string>{} : expr_texts(graph, graph.expr_count() - 1);
}

}  // namespace

std::string to_text(const Graph& graph, ExprId expr) { return expr_texts(graph, expr).back(); }

namespace {

std::string nodes_text(const Graph& graph, std::span<const NodeId> roots) {
  const auto exprs = all_exprs(graph);
  std::string text;
  for_each_node(graph, roots, [&](NodeId id, const Node& node) {
    text += name(id) + ": ";
    if (node.kind == NodeKind::test) {
      text += "if " + condition(graph, node, exprs) + " then " + name(node.then) + " else " + name(node.otherwise);
    } else {
      text += "return " + result(node, exprs);
    }
    text += '\n';
  });
  return text;
}

std::string nodes_dot(const Graph& graph, std::span<const NodeId> roots) {
  const auto exprs = all_exprs(graph);
  std::string text;
  for_each_node(graph, roots, [&](NodeId id, const Node& node) {
    if (node.kind == NodeKind::test) {
      text += "  " + name(id) + " [shape=diamond, label=\"" + condition(graph, node, exprs) + "\"];\n";
      text += "  " + name(id) + " -> " + name(node.then) + " [label=yes];\n";
      text += "  " + name(id) + " -> " + name(node.otherwise) + " [label=no];\n";
    } else {
      text += "  " + name(id) + " [shape=box, label=\"" + result(node, exprs) + "\"];\n";
    }
  });
  return text;
}

constexpr const char* dot_begin = "digraph callgate {\n  node [fontname=monospace];\n";

// "0-8 10 12-20".
std::string runs_text(const std::vector<std::uint32_t>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    text += (i == 0 ? "" : " ") + std::to_string(numbers[i]);
    if (end - i > 1) text += "-" + std::to_string(numbers[end - 1]);
    i = end;
  }
  return text;
}

// A group of calls with one root: "x86_64 ALLOW" and its numbers, or the name of a rest class.
struct RootGroup {
  NodeId root;
  std::string title;
  std::string numbers;
};

std::string root_text(const Graph& graph, NodeId root) {
  const Node& node = graph.node_at(root);
  return node.kind == NodeKind::constant ? bpf::result_name(node.lhs) : name(root);
}

std::vector<RootGroup> groups(const Decisions& decisions) {
  if (!decisions.by_number()) return {{decisions.roots[0], "all calls " + root_text(decisions.graph, decisions.roots[0]), ""}};
  std::vector<RootGroup> all;
  for (std::uint32_t d = 0; d < domains.size(); ++d) {
    std::map<NodeId, std::vector<std::uint32_t>> numbers;
    for (std::uint32_t n = 0; n < numbers_per_domain; ++n) numbers[decisions.roots[d * numbers_per_domain + n]].push_back(n);
    for (const auto& [root, list] : numbers) {
      all.push_back({root, domains[d].name + (" " + root_text(decisions.graph, root)), runs_text(list)});
    }
  }
  for (std::size_t i = 0; i < rest_classes.size(); ++i) {
    const NodeId root = decisions.roots[domain_classes + i];
    all.push_back({root, rest_classes[i].name + (" " + root_text(decisions.graph, root)), ""});
  }
  return all;
}

std::vector<NodeId> residual_roots(const Graph& graph, const std::vector<RootGroup>& all) {
  std::vector<NodeId> roots;
  for (const RootGroup& group : all) {
    if (graph.node_at(group.root).kind != NodeKind::constant) roots.push_back(group.root);
  }
  return roots;
}

}  // namespace

std::string to_text(const Graph& graph) { return nodes_text(graph, std::span(&graph.root, 1)); }

std::string to_dot(const Graph& graph) { return dot_begin + nodes_dot(graph, std::span(&graph.root, 1)) + "}\n"; }

std::string to_text(const Decisions& decisions) {
  const auto all = groups(decisions);
  std::string text;
  for (const RootGroup& group : all) text += group.title + (group.numbers.empty() ? "" : ": ") + group.numbers + "\n";
  return text + nodes_text(decisions.graph, residual_roots(decisions.graph, all));
}

std::string to_dot(const Decisions& decisions) {
  const auto all = groups(decisions);
  std::string text = dot_begin;
  std::size_t i = 0;
  for (const RootGroup& group : all) {
    if (decisions.graph.node_at(group.root).kind == NodeKind::constant) continue;
    const std::string entry = "e" + std::to_string(i++);
    text += "  " + entry + " [shape=plaintext, label=\"" + group.title + " " + group.numbers + "\"];\n";
    text += "  " + entry + " -> " + name(group.root) + ";\n";
  }
  return text + nodes_dot(decisions.graph, residual_roots(decisions.graph, all)) + "}\n";
}

}  // namespace callgate::ir
