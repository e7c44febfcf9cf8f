#include "ir/check.h"

#include <vector>

#include "ir/reachable.h"

namespace callgate::ir {
namespace {

class Checker {
 public:
  Checker(const Graph& graph, std::span<const NodeId> roots, const Sequence& sequence, Guards guards)
      : graph_(graph), roots_(roots), sequence_(sequence), guards_(guards) {}

  std::optional<std::string> run() {
    for (const NodeId root : roots_) {
      if (root.index() >= graph_.node_count()) return "the root is no node";
    }
    for (const ExprId id : graph_.exprs()) {
      if (const char* broken = check_expr(id)) return at_expr(id, broken);
    }
    for (const NodeId id : graph_.nodes()) {
      if (const char* broken = check_node(id)) return at_node(id, broken);
    }
    reachable_ = reachable_from(graph_, roots_);  // not before: it follows successors and operands, which must exist
    for (const ExprId id : graph_.exprs()) {
      if (reachable_.exprs[id] && graph_.expr_at(id).size > max_merged_expr_size) return at_expr(id, "too large");
    }
    if (guards_ == Guards::by_facts) return std::nullopt;
    if (auto broken = check_divisions()) return broken;
    return check_computed_leaves();
  }

 private:
  static std::string at_expr(ExprId id, const std::string& broken) {
    return "expression " + std::to_string(id.index()) + ": " + broken;
  }
  static std::string at_node(NodeId id, const std::string& broken) {
    return "node " + std::to_string(id.index()) + ": " + broken;
  }

  const char* check_expr(ExprId id) const {
    const Expr& e = graph_.expr_at(id);
    const int arity = info(e.op).arity;
    if (e.op == Op::load && !graph_.input().may_load(e.offset())) return "load outside of the input";
    std::uint32_t size = 1;
    if (arity >= 1) size += graph_.expr_at(e.lhs()).size;
    if (arity == 2) size += graph_.expr_at(e.rhs()).size;
    return e.size != size ? "wrong size" : nullptr;
  }

  const char* check_node(NodeId id) const {
    const Node& n = graph_.node_at(id);
    switch (n.kind) {
      case NodeKind::constant:
        return sequence_.lets_go_on(n.result()) && n.result() != sequence_.goes_on ? "leaf goes on with data" : nullptr;
      case NodeKind::computed: return n.computed().index() >= graph_.expr_count() ? "no such expression" : nullptr;
      case NodeKind::test:
        if (n.lhs().index() >= graph_.expr_count() || n.rhs().index() >= graph_.expr_count())
          return "no such expression";
        return n.then >= id || n.otherwise >= id ? "successor does not come before it" : nullptr;
    }
    return "unknown kind";  // LCOV_EXCL_LINE: every value has its case above
  }

  // Every division whose divisor may be 0, by itself: no node may compute it unless the path has passed a guard of its
  // divisor.
  std::optional<std::string> check_divisions() const {
    for (const ExprId id : graph_.exprs()) {
      const Expr& e = graph_.expr_at(id);
      if (e.op != Op::div || !reachable_.exprs[id]) continue;
      const ExprId divisor = e.rhs();
      if (graph_.is_constant(divisor) && graph_.constant_value(divisor) != 0) continue;
      const IdMap<ExprId, bool> uses = users_of(id);
      const auto node = reached_unguarded(
          [&](const Node& n) {
            if (n.kind == NodeKind::test) return uses[n.lhs()] || uses[n.rhs()];
            return n.kind == NodeKind::computed && uses[n.computed()];
          },
          [&](const Node& n) {
            return Guarded{is_bits_test(n, divisor), is_zero_test(n, divisor)};
          });
      if (node) return at_node(*node, "divides by expression " + std::to_string(divisor.index()) + " which may be 0");
    }
    return std::nullopt;
  }

  // Every computed leaf that may let the next filter decide, by itself: code takes the result of a computed leaf for
  // final, so the path must have passed a test that its action is another one.
  std::optional<std::string> check_computed_leaves() const {
    for (const NodeId id : graph_.nodes()) {
      const Node& leaf = graph_.node_at(id);
      if (leaf.kind != NodeKind::computed || !reachable_.nodes[id] || !may_go_on(leaf.computed())) continue;
      const auto node = reached_unguarded([&](const Node& n) { return &n == &leaf; },
                                          [&](const Node& n) {
                                            return Guarded{false, is_action_test(n, leaf.computed())};
                                          });
      if (node) return at_node(*node, "computed leaf may go on");
    }
    return std::nullopt;
  }

  // The successors of a test in front of which it is a guard.
  struct Guarded {
    bool then;
    bool otherwise;
  };

  // The first node for which needs_guard(node) holds on some path from a root without a guard. guarded(node) says which
  // successors a test guards: from there on a path is safe, whatever it comes to. Predecessors have greater numbers, so
  // a loop downwards knows of a node whether some unguarded path arrives there before it passes on that knowledge.
  template <class NeedsGuard, class GuardedBy>
  std::optional<NodeId> reached_unguarded(NeedsGuard needs_guard, GuardedBy guarded) const {
    IdMap<NodeId, bool> arrives(graph_.node_count());
    for (const NodeId root : roots_) arrives[root] = true;
    for (const NodeId id : graph_.nodes_downwards()) {
      if (!arrives[id]) continue;
      const Node& n = graph_.node_at(id);
      if (needs_guard(n)) return id;
      if (n.kind != NodeKind::test) continue;
      const Guarded safe = guarded(n);
      if (!safe.then) arrives[n.then] = true;
      if (!safe.otherwise) arrives[n.otherwise] = true;
    }
    return std::nullopt;
  }

  // divisor == 0: a guard of `otherwise`.
  bool is_zero_test(const Node& n, ExprId divisor) const {
    return n.compare == Compare::equal && n.lhs() == divisor && is_constant(n.rhs(), 0);
  }

  // Of a divisor x & mask, the test whether any bit of it is set: a guard of `then`.
  bool is_bits_test(const Node& n, ExprId divisor) const {
    const Expr& d = graph_.expr_at(divisor);
    return n.compare == Compare::any_bit_set && d.op == Op::and_ && d.lhs() == n.lhs() && d.rhs() == n.rhs();
  }

  // The action of a result is `of` & `mask`: folded into one operation if the result has a mask of its own.
  struct Action {
    ExprId of;
    std::uint32_t mask;
  };
  Action action_of(ExprId result) const {
    const Expr& e = graph_.expr_at(result);
    if (e.op != Op::and_ || !graph_.is_constant(e.rhs())) return {result, sequence_.action_mask};
    return {e.lhs(), graph_.constant_value(e.rhs()) & sequence_.action_mask};
  }

  bool may_go_on(ExprId result) const { return (sequence_.goes_on & ~action_of(result).mask) == 0; }

  // action == goes_on: a guard of `otherwise`.
  bool is_action_test(const Node& n, ExprId result) const {
    const Action action = action_of(result);
    const Expr& e = graph_.expr_at(n.lhs());
    return n.compare == Compare::equal && is_constant(n.rhs(), sequence_.goes_on) && e.op == Op::and_ &&
           e.lhs() == action.of && is_constant(e.rhs(), action.mask);
  }

  bool is_constant(ExprId id, std::uint32_t value) const {
    return graph_.is_constant(id) && graph_.constant_value(id) == value;
  }

  IdMap<ExprId, bool> users_of(ExprId used) const {
    IdMap<ExprId, bool> uses(graph_.expr_count());
    uses[used] = true;
    for (const ExprId id : IdRange<ExprId>::upwards(used.index() + 1, graph_.expr_count())) {
      const Expr& e = graph_.expr_at(id);
      const int arity = info(e.op).arity;
      uses[id] = (arity >= 1 && uses[e.lhs()]) || (arity == 2 && uses[e.rhs()]);
    }
    return uses;
  }

  const Graph& graph_;
  std::span<const NodeId> roots_;
  const Sequence& sequence_;
  Guards guards_;
  Reachable reachable_;
};

}  // namespace

std::optional<std::string> check(const Graph& graph, std::span<const NodeId> roots, const Sequence& sequence,
                                 Guards guards) {
  return Checker(graph, roots, sequence, guards).run();
}

}  // namespace callgate::ir
