#include "ir/decisions.h"

#include <algorithm>
#include <cassert>
#include <vector>

#include "callgate/action.hpp"
#include "ir/check.h"
#include "ir/fold.h"
#include "ir/number_flow.h"
#include "ir/opt/passes.h"
#include "ir/specialise.h"

namespace callgate::ir {
namespace {

constexpr std::uint32_t rest_class(std::size_t i) { return domain_classes + static_cast<std::uint32_t>(i); }

class Attacher {
 public:
  Attacher(const Decisions& older, const Composition& composition)
      : composition_(composition),
        decisions_(older),
        specialiser_(decisions_.graph, composition.rule, composition.detail == Detail::facts, max_specialise_steps) {}

  bool add(const Program& program, std::uint32_t filter) {
    const auto root = build(decisions_.graph, program, filter, composition_.fixed);
    if (!root) return false;
    if (!decisions_.by_number()) {
      specialiser_.set_no_class();
      return put(decisions_.roots[0], *root);
    }
    return add_domains(*root) && add_rest(*root);
  }

  Decisions finish() && {
    decisions_.rest = decisions_.by_number() ? pick_rest() : decisions_.roots[0];
    std::vector<NodeId> all = decisions_.roots;
    all.push_back(decisions_.rest);
    remove_dead_nodes(decisions_.graph, all);
    decisions_.rest = all.back();
    all.pop_back();
    decisions_.roots = std::move(all);
    return std::move(decisions_);
  }

 private:
  // Puts the filter's graph from `node` on in front of `root`.
  bool put(NodeId& root, NodeId node) {
    const auto result = specialiser_.run(node, root);
    if (result) root = *result;
    return result.has_value();
  }

  bool add_domains(NodeId root) {
    for (std::uint32_t d = 0; d < domains.size(); ++d) {
      for (const Arrival& arrival : numbers_.run(root, domains[d])) {
        if (!arrive(arrival, d * numbers_per_domain)) return false;
      }
    }
    return true;
  }

  bool arrive(const Arrival& arrival, std::uint32_t first_class) {
    const Node leaf = decisions_.graph.node_at(arrival.node);
    const bool constant = leaf.kind == NodeKind::constant;
    if (constant && leaf.lhs == action::allow) return true;  // older filters decide, as before
    const bool final = constant && composition_.rule == MergeRule::first_non_allow;
    // What asks about no number any more is the same for all numbers that older filters decide alike.
    const bool alike = (decisions_.graph.topics_below(arrival.node) & number_topic) == 0;
    std::optional<NodeId> last_older;
    NodeId last_result = 0;
    bool within_budget = true;
    arrival.numbers.for_each([&](std::uint32_t n) {
      NodeId& root = decisions_.roots[first_class + n];
      if (final) {
        root = arrival.node;
      } else if (alike && last_older == root) {
        root = last_result;
      } else if (within_budget) {
        last_older = root;
        specialiser_.set_class(first_class + n + 1, number_of(first_class + n), arch_of(first_class + n));
        within_budget = put(root, arrival.node);
        last_result = root;
      }
    });
    return within_budget;
  }

  bool add_rest(NodeId root) {
    for (std::size_t i = 0; i < rest_classes.size(); ++i) {
      const RestClass& rest = rest_classes[i];
      specialiser_.set_class(rest_class(i) + 1, rest.arch, rest.low, rest.high);
      if (!put(decisions_.roots[rest_class(i)], root)) return false;
    }
    return true;
  }

  NodeId pick_rest() {
    Graph& g = decisions_.graph;
    g.source = {};
    const auto root = [&](std::size_t i) { return decisions_.roots[rest_class(i)]; };
    const auto is_arch = [&](std::uint32_t value, NodeId then, NodeId otherwise) {
      const ExprId load = arch_word();
      return fold_test(g, Compare::equal, load, g.constant(value), then, otherwise);
    };
    const ExprId nr = composition_.fixed[nr_offset / 4] ? g.constant(*composition_.fixed[nr_offset / 4]) : g.load(nr_offset);
    const NodeId x86_64 = fold_test(g, Compare::greater_equal, nr, g.constant(arch::x32_bit), root(1), root(0));
    return is_arch(arch::x86_64, x86_64, is_arch(arch::x86_32, root(2), root(3)));
  }

  ExprId arch_word() {
    const auto& fixed = composition_.fixed[arch_offset / 4];
    return fixed ? decisions_.graph.constant(*fixed) : decisions_.graph.load(arch_offset);
  }

  const Composition& composition_;
  Decisions decisions_;
  Specialiser specialiser_;
  NumberFlow numbers_{decisions_.graph};
};

void assert_sound([[maybe_unused]] const Decisions& decisions) {
#ifndef NDEBUG
  const Guards guards = decisions.detail == Detail::facts ? Guards::by_facts : Guards::in_graph;
  assert(!check(decisions.graph, decisions.roots, guards).has_value());
#endif
}

}  // namespace

const char* name(Detail detail) {
  switch (detail) {
    case Detail::facts: return "facts";
    case Detail::numbers: return "numbers";
    case Detail::whole: return "whole";
    case Detail::straight: return "straight";
  }
  return "unknown";  // LCOV_EXCL_LINE: every value has its case above
}

Decisions allow_all(Detail detail) {
  Decisions decisions;
  const NodeId allow = decisions.graph.leaf(action::allow);
  decisions.roots.assign(detail == Detail::whole ? 1 : class_count, allow);
  decisions.rest = allow;
  decisions.detail = detail;
  return decisions;
}

std::optional<Decisions> attach(const Decisions& older, std::span<const Program* const> newer, std::uint32_t filter,
                                const Composition& composition) {
  assert(older.detail == composition.detail && composition.detail != Detail::straight);
  Attacher attacher(older, composition);
  for (const Program* program : newer) {
    if (!attacher.add(*program, filter++)) return std::nullopt;
  }
  Decisions decisions = std::move(attacher).finish();
  if (decisions.graph.node_count() > max_decision_nodes) return std::nullopt;
  assert_sound(decisions);
  return decisions;
}

}  // namespace callgate::ir
