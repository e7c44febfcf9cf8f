#include "compose/print.h"

#include <map>
#include <vector>

#include "bpf/names.h"
#include "ir/print.h"

namespace callgate::compose {
namespace {

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
  return node.kind == NodeKind::constant ? bpf::result_name(node.result()) : node_name(root);
}

std::vector<RootGroup> groups(const ChainGraph& decisions) {
  if (!decisions.by_number())
    return {{decisions.roots[0], "all calls " + root_text(decisions.graph, decisions.roots[0]), ""}};
  std::vector<RootGroup> all;
  for (std::uint32_t d = 0; d < domains.size(); ++d) {
    std::map<NodeId, std::vector<std::uint32_t>> numbers;
    for (std::uint32_t n = 0; n < numbers_per_domain; ++n)
      numbers[decisions.roots[d * numbers_per_domain + n]].push_back(n);
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

std::string to_text(const ChainGraph& decisions) {
  const auto all = groups(decisions);
  std::string text;
  for (const RootGroup& group : all) text += group.title + (group.numbers.empty() ? "" : ": ") + group.numbers + "\n";
  return text + to_text(decisions.graph, residual_roots(decisions.graph, all));
}

std::string to_dot(const ChainGraph& decisions) {
  const auto all = groups(decisions);
  std::string text = ir::dot_begin;
  std::size_t i = 0;
  for (const RootGroup& group : all) {
    if (decisions.graph.node_at(group.root).kind == NodeKind::constant) continue;
    const std::string entry = "e" + std::to_string(i++);
    text += "  " + entry + " [shape=plaintext, label=\"" + group.title + " " + group.numbers + "\"];\n";
    text += "  " + entry + " -> " + node_name(group.root) + ";\n";
  }
  return text + dot_statements(decisions.graph, residual_roots(decisions.graph, all)) + "}\n";
}

std::string to_text(const FilterGraph& graph) { return ir::to_text(graph, {&graph.root, 1}); }

std::string to_dot(const FilterGraph& graph) { return ir::to_dot(graph, {&graph.root, 1}); }

}  // namespace callgate::compose
