#include "ir/compose.h"

#include <utility>
#include <vector>

#include "callgate/action.hpp"
#include "ir/fold.h"

namespace callgate::ir {
namespace {

class Composer {
 public:
  Composer(const Graph& newer, const Graph& older, MergeRule rule) : newer_(newer), rule_(rule), graph_(older) {}

  std::optional<Graph> run() {
    const NodeId older_root = graph_.root;
    const std::vector<ExprId> exprs = import_exprs();
    std::vector<NodeId> nodes(newer_.node_count());
    for (NodeId id = 0; id < newer_.node_count(); ++id) {
      const Node& node = newer_.node_at(id);
      graph_.source = node.source;
      switch (node.kind) {
        case NodeKind::test:
          nodes[id] = fold_test(graph_, node.compare, exprs[node.lhs], exprs[node.rhs], nodes[node.then],
                                nodes[node.otherwise]);
          break;
        case NodeKind::constant: nodes[id] = continue_from(node, node.lhs, older_root); break;
        case NodeKind::computed: nodes[id] = continue_from(node, exprs[node.lhs], older_root); break;
      }
      if (is_over_budget()) return std::nullopt;
    }
    graph_.root = nodes[newer_.root];
    return std::move(graph_);
  }

 private:
  bool is_over_budget() const { return graph_.node_count() > max_composed_nodes || copied_ > max_copied_nodes; }

  std::vector<ExprId> import_exprs() {
    std::vector<ExprId> ids(newer_.expr_count());
    for (ExprId id = 0; id < newer_.expr_count(); ++id) {
      const Expr& e = newer_.expr_at(id);
      if (e.op == Op::constant) {
        ids[id] = graph_.constant(e.lhs);
      } else if (e.op == Op::load) {
        ids[id] = graph_.load(e.lhs);
      } else {
        ids[id] = graph_.expr(e.op, ids[e.lhs], info(e.op).arity == 2 ? ids[e.rhs] : 0);
      }
    }
    return ids;
  }

  NodeId continue_from(const Node& leaf, std::uint32_t value, NodeId older_root) {
    const bool constant = leaf.kind == NodeKind::constant;
    if (constant && value == action::allow) return older_root;
    const bool final = rule_ == MergeRule::first_non_allow || (constant && rank(value) == strictest);
    if (final) return constant ? graph_.leaf(value) : graph_.computed_leaf(value);
    return merged_below(constant, value, older_root);
  }

  // A copy of the older graph in which every leaf is merged with the newer filter's result.
  NodeId merged_below(bool constant, std::uint32_t value, NodeId older_root) {
    std::vector<NodeId> copy(older_root + 1);
    for (NodeId id = 0; id <= older_root; ++id) {
      const Node node = graph_.node_at(id);
      graph_.source = node.source;
      if (node.kind == NodeKind::test) {
        copy[id] = fold_test(graph_, node.compare, node.lhs, node.rhs, copy[node.then], copy[node.otherwise]);
      } else {
        copy[id] = constant ? merge_constant(value, id, node) : merge_computed(value, id, node);
      }
      ++copied_;
      if (is_over_budget()) break;  // run() sees it and gives up
    }
    return copy[older_root];
  }

  NodeId merge_constant(std::uint32_t value, NodeId older, const Node& leaf) {
    const NodeId newer = graph_.leaf(value);
    if (leaf.kind == NodeKind::constant) return is_stricter(leaf.lhs, value) ? older : newer;
    const ExprId other = rank_of(leaf.lhs);
    return fold_test(graph_, Compare::greater_equal, other, graph_.constant(rank(value)), newer, older);
  }

  NodeId merge_computed(ExprId value, NodeId older, const Node& leaf) {
    if (leaf.kind == NodeKind::constant && leaf.lhs == action::allow) return graph_.computed_leaf(value);
    const ExprId other = leaf.kind == NodeKind::constant ? graph_.constant(rank(leaf.lhs)) : rank_of(leaf.lhs);
    return fold_test(graph_, Compare::greater, rank_of(value), other, older, graph_.computed_leaf(value));
  }

  // The kernel compares actions as signed numbers; with the sign bit flipped the unsigned order is the same.
  static constexpr std::uint32_t sign = 0x80000000;
  static constexpr std::uint32_t strictest = 0;  // the rank of KILL_PROCESS
  static std::uint32_t rank(std::uint32_t result) { return action_of(result) ^ sign; }
  ExprId rank_of(ExprId result) {
    const ExprId action = fold_expr(graph_, Op::and_, result, graph_.constant(action_mask));
    return fold_expr(graph_, Op::xor_, action, graph_.constant(sign));
  }

  const Graph& newer_;
  MergeRule rule_;
  Graph graph_;
  std::uint32_t copied_ = 0;
};

}  // namespace

std::optional<Graph> compose(const Graph& newer, const Graph& older, MergeRule rule) {
  return Composer(newer, older, rule).run();
}

}  // namespace callgate::ir
