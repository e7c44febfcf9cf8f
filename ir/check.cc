#include "ir/check.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "callgate/action.hpp"
#include "ir/build.h"
#include "ir/rewrite.h"

namespace callgate::ir {
namespace {

// Merging puts at most two operations, each with a constant, around a filter's own expression (the rank of its action).
constexpr std::uint32_t max_size = max_expr_size + 4;

class Checker {
 public:
  Checker(const Graph& graph, std::span<const NodeId> roots, Guards guards)
      : graph_(graph), roots_(roots), guards_(guards) {}

  std::optional<std::string> run() {
    for (const NodeId root : roots_) {
      if (root >= graph_.node_count()) return "the root is no node";
    }
    for (ExprId id = 0; id < graph_.expr_count(); ++id) {
      if (const char* broken = check_expr(id)) return at_expr(id, broken);
    }
    for (NodeId id = 0; id < graph_.node_count(); ++id) {
      if (const char* broken = check_node(id)) return at_node(id, broken);
    }
    reachable_ = reachable_from(graph_, roots_);  // not before: it follows what nodes refer to
    for (ExprId id = 0; id < graph_.expr_count(); ++id) {
      if (reachable_.exprs[id] && graph_.expr_at(id).size > max_size) return at_expr(id, "too large");
    }
    if (guards_ == Guards::by_facts) return std::nullopt;
    if (auto broken = check_divisions()) return broken;
    return check_computed_leaves();
  }

 private:
  static std::string at_expr(ExprId id, const std::string& broken) {
    return "expression " + std::to_string(id) + ": " + broken;
  }
  static std::string at_node(NodeId id, const std::string& broken) {
    return "node " + std::to_string(id) + ": " + broken;
  }

  const char* check_expr(ExprId id) const {
    const Expr& e = graph_.expr_at(id);
    const int arity = info(e.op).arity;
    if (e.op == Op::load && (e.lhs >= sizeof(SeccompData) || e.lhs % 4 != 0)) return "load outside seccomp_data";
    std::uint32_t size = 1;
    if (arity >= 1) size += graph_.expr_at(e.lhs).size;
    if (arity == 2) size += graph_.expr_at(e.rhs).size;
    return e.size != size ? "wrong size" : nullptr;
  }

  const char* check_node(NodeId id) const {
    const Node& n = graph_.node_at(id);
    switch (n.kind) {
      case NodeKind::constant:
        return action_of(n.lhs) == action::allow && n.lhs != action::allow ? "leaf is ALLOW with data" : nullptr;
      case NodeKind::computed: return n.lhs >= graph_.expr_count() ? "no such expression" : nullptr;
      case NodeKind::test:
        if (n.lhs >= graph_.expr_count() || n.rhs >= graph_.expr_count()) return "no such expression";
        return n.then >= id || n.otherwise >= id ? "successor does not come before it" : nullptr;
    }
    return "unknown kind";  // LCOV_EXCL_LINE: every value has its case above
  }

  // For each divisor: a node that divides by it must not be reached without its test against 0.
  std::optional<std::string> check_divisions() const {
    for (ExprId id = 0; id < graph_.expr_count(); ++id) {
      const Expr& e = graph_.expr_at(id);
      if (e.op != Op::div || !reachable_.exprs[id]) continue;
      const Expr& divisor = graph_.expr_at(e.rhs);
      if (divisor.op == Op::constant && divisor.lhs != 0) continue;
      if (const auto node = unguarded_use(id, e.rhs)) {
        return at_node(*node, "divides by expression " + std::to_string(e.rhs) + " which may be 0");
      }
    }
    return std::nullopt;
  }

  std::optional<NodeId> unguarded_use(ExprId division, ExprId divisor) const {
    const std::vector<bool> uses = users_of(division);
    std::vector<bool> arrives(graph_.node_count());
    for (const NodeId root : roots_) arrives[root] = true;
    for (NodeId id = graph_.node_count(); id-- > 0;) {
      if (!arrives[id]) continue;
      const Node& n = graph_.node_at(id);
      if (n.kind != NodeKind::constant && uses[n.lhs]) return id;
      if (n.kind != NodeKind::test) continue;
      if (uses[n.rhs]) return id;
      if (!is_zero_test(n, divisor)) arrives[n.otherwise] = true;
      if (!is_bits_test(n, divisor)) arrives[n.then] = true;
    }
    return std::nullopt;
  }

  // divisor == 0, whose other way may divide.
  bool is_zero_test(const Node& n, ExprId divisor) const {
    return n.compare == Compare::equal && n.lhs == divisor && is_constant(n.rhs, 0);
  }

  // x & mask, whose first way may divide by x & mask.
  bool is_bits_test(const Node& n, ExprId divisor) const {
    const Expr& d = graph_.expr_at(divisor);
    return n.compare == Compare::any_bit_set && d.op == Op::and_ && d.lhs == n.lhs && d.rhs == n.rhs;
  }

  // Code takes a computed leaf for a denial. Upwards from the leaves: those that some path from a node comes to without
  // a test of their action. Tests stand close to their leaves, so there are few at any node.
  std::optional<std::string> check_computed_leaves() const {
    std::vector<std::vector<NodeId>> untested(graph_.node_count());
    for (NodeId id = 0; id < graph_.node_count(); ++id) {
      if (!reachable_.nodes[id]) continue;
      const Node& n = graph_.node_at(id);
      if (n.kind == NodeKind::computed && may_be_allow(n.lhs)) untested[id] = {id};
      if (n.kind == NodeKind::test) untested[id] = untested_below(n, untested);
    }
    for (const NodeId root : roots_) {
      if (!untested[root].empty()) return at_node(untested[root][0], "computed leaf may be ALLOW");
    }
    return std::nullopt;
  }

  std::vector<NodeId> untested_below(const Node& n, const std::vector<std::vector<NodeId>>& untested) const {
    std::vector<NodeId> leaves = untested[n.otherwise];
    std::erase_if(leaves, [&](NodeId leaf) { return is_allow_test(n, graph_.node_at(leaf).lhs); });
    std::vector<NodeId> both;
    std::set_union(leaves.begin(), leaves.end(), untested[n.then].begin(), untested[n.then].end(),
                   std::back_inserter(both));
    return both;
  }

  // The action of a value is `of` & `mask`: folded into one if the value has a mask of its own.
  struct Action {
    ExprId of;
    std::uint32_t mask;
  };
  Action action_of_value(ExprId value) const {
    const Expr& e = graph_.expr_at(value);
    if (e.op != Op::and_ || !graph_.is_constant(e.rhs)) return {value, action_mask};
    return {e.lhs, graph_.expr_at(e.rhs).lhs & action_mask};
  }

  bool may_be_allow(ExprId value) const { return (action::allow & ~action_of_value(value).mask) == 0; }

  bool is_allow_test(const Node& n, ExprId value) const {
    const Action action = action_of_value(value);
    const Expr& e = graph_.expr_at(n.lhs);
    return n.compare == Compare::equal && is_constant(n.rhs, action::allow) && e.op == Op::and_ && e.lhs == action.of &&
           is_constant(e.rhs, action.mask);
  }

  bool is_constant(ExprId id, std::uint32_t value) const {
    return graph_.is_constant(id) && graph_.expr_at(id).lhs == value;
  }

  std::vector<bool> users_of(ExprId used) const {
    std::vector<bool> uses(graph_.expr_count());
    uses[used] = true;
    for (ExprId id = used + 1; id < graph_.expr_count(); ++id) {
      const Expr& e = graph_.expr_at(id);
      const int arity = info(e.op).arity;
      uses[id] = (arity >= 1 && uses[e.lhs]) || (arity == 2 && uses[e.rhs]);
    }
    return uses;
  }

  const Graph& graph_;
  std::span<const NodeId> roots_;
  Guards guards_;
  Reachable reachable_;
};

}  // namespace

std::optional<std::string> check(const Graph& graph, Guards guards) {
  return check(graph, std::span(&graph.root, 1), guards);
}

std::optional<std::string> check(const Graph& graph, std::span<const NodeId> roots, Guards guards) {
  return Checker(graph, roots, guards).run();
}

}  // namespace callgate::ir
