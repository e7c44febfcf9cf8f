#include "compose/chain_graph.h"

#include <algorithm>
#include <cassert>
#include <vector>

#include "callgate/action.hpp"
#include "compose/number_flow.h"
#include "compose/specialise.h"
#include "ir/check.h"
#include "ir/dead_nodes.h"
#include "ir/fold.h"

namespace callgate::compose {
namespace {

constexpr std::uint32_t rest_class(std::size_t i) { return domain_classes + static_cast<std::uint32_t>(i); }

// The specialiser's ids of classes: a rest class keeps its own for all filters, a group of numbers gets a new one.
constexpr ClassId rest_class_id(std::size_t i) { return ClassId{no_class.index() + 1 + static_cast<std::uint32_t>(i)}; }
constexpr std::uint32_t first_group_id = rest_class_id(rest_classes.size()).index();

// Puts filters, oldest first, on top of a chain's graph. Each method that adds something returns false or nothing when
// a budget is exceeded; the graph is of no use then.
class Attacher {
 public:
  Attacher(const ChainGraph& older, const Composition& composition, std::uint32_t budget)
      : composition_(composition),
        sequence_(seccomp_sequence(composition.rule)),
        decisions_(older),
        specialiser_(decisions_.graph, composition.rule, composition.precision == Precision::path_sensitive, budget) {}

  bool add(const Program& program, std::uint32_t filter) {
    const auto root = build(decisions_.graph, program, sequence_, filter, composition_.fixed);
    if (!root) return false;
    if (!decisions_.by_number()) {
      specialiser_.set_no_class();
      return specialise(decisions_.roots[0], *root);
    }
    // Never two classes with one id.
    if (next_class_id_ > last_class_id) return false;  // LCOV_EXCL_BR_LINE: takes billions of steps
    numbers_.allow(max_number_steps(program.size()));
    return add_domains(*root) && add_rest(*root);
  }

  ChainGraph finish() && {
    decisions_.rest = decisions_.by_number() ? pick_rest() : decisions_.roots[0];
    std::vector<NodeId> used{decisions_.rest};
    for_each_run(roots(), [&](std::uint32_t, std::uint32_t, NodeId root) { used.push_back(root); });
    if (!remove_dead_nodes(decisions_.graph, used)) decisions_.graph.shrink();
    auto renumbered = used.begin();
    decisions_.rest = *renumbered;
    for_each_run(roots(),
                 [&](std::uint32_t first, std::uint32_t end, NodeId) { set_roots(first, end, *++renumbered); });
    return std::move(decisions_);
  }

 private:
  // Replaces the older root by the residual of the filter from `node` on, for the class that the specialiser is set to.
  bool specialise(NodeId& root, NodeId node) {
    const auto residual = specialiser_.run(node, root);
    if (residual) root = *residual;
    return residual.has_value();
  }

  // The classes of one number each: the number flow says at which node of the filter each number arrives.
  bool add_domains(NodeId root) {
    for (std::uint32_t d = 0; d < domains.size(); ++d) {
      for (const Arrival& arrival : numbers_.run(root, domains[d])) {
        if (!arrive(arrival, domains[d], d * numbers_per_domain)) return false;
      }
    }
    return true;
  }

  bool arrive(const Arrival& arrival, const Domain& domain, std::uint32_t first_class) {
    const Node node = decisions_.graph.node_at(arrival.node);
    const bool result = node.kind != NodeKind::test;
    if (node.kind == NodeKind::constant && node.result() == action::allow)
      return true;  // older filters decide, as before
    if (result && composition_.rule == MergeRule::first_non_allow) {
      arrival.numbers.for_each_run([&](std::uint32_t first, std::uint32_t end) {
        set_roots(first_class + first, first_class + end, arrival.node);
      });
      return true;
    }
    if (result || (decisions_.graph.support_below(arrival.node) & class_support) == 0) {
      return arrive_alike(arrival, domain, first_class);
    }
    return arrive_in_groups(arrival, domain, first_class, numbers_.groups(arrival.node, arrival.numbers, domain));
  }

  std::span<const NodeId> roots() const { return decisions_.roots; }

  void set_roots(std::uint32_t first, std::uint32_t end, NodeId root) {
    std::ranges::fill(std::span(decisions_.roots).subspan(first, end - first), root);
  }

  // Numbers of a domain that the filter treats alike, and the residual that was made last for one of them. Numbers
  // whose older roots are the same have the same residual.
  struct Group {
    ClassId class_id;
    NodeId older;
    NodeId residual;
  };

  // The residual of the filter from `node` on in front of the root `older`, for a number of the group; the first one
  // makes the group.
  std::optional<NodeId> residual_of(std::optional<Group>& group, NodeId node, NodeId older, std::uint32_t n,
                                    const Domain& domain) {
    if (group && group->older == older) return group->residual;
    const ClassId class_id = group ? group->class_id : ClassId{next_class_id_++};
    specialiser_.set_class(class_id, domain.first + n, domain.arch);
    const auto residual = specialiser_.run(node, older);
    if (residual) group = Group{class_id, older, *residual};
    return residual;
  }

  // All numbers that arrive are one group.
  bool arrive_alike(const Arrival& arrival, const Domain& domain, std::uint32_t first_class) {
    std::optional<Group> group;
    bool within_budget = true;
    arrival.numbers.for_each_run([&](std::uint32_t first, std::uint32_t end) {
      for (std::uint32_t n = first; n < end && within_budget;) {
        const std::uint32_t same_older = run_end(roots().first(first_class + end), first_class + n);
        const auto residual = residual_of(group, arrival.node, decisions_.roots[first_class + n], n, domain);
        within_budget = residual.has_value();
        if (residual) set_roots(first_class + n, same_older, *residual);
        n = same_older - first_class;
      }
    });
    return within_budget;
  }

  bool arrive_in_groups(const Arrival& arrival, const Domain& domain, std::uint32_t first_class,
                        const NumberGroups& groups) {
    std::vector<std::optional<Group>> made(groups.count);
    assert(std::ranges::all_of(groups.of, [&](std::uint32_t group) { return group < groups.count; }));
    bool within_budget = true;
    arrival.numbers.for_each([&](std::uint32_t n) {
      if (!within_budget) return;
      NodeId& root = decisions_.roots[first_class + n];
      const auto residual = residual_of(made[groups.of[n]], arrival.node, root, n, domain);
      within_budget = residual.has_value();
      if (residual) root = *residual;
    });
    return within_budget;
  }

  // The rest classes, of which only the architecture and an interval of numbers are known.
  bool add_rest(NodeId root) {
    for (std::size_t i = 0; i < rest_classes.size(); ++i) {
      const RestClass& rest = rest_classes[i];
      specialiser_.set_class(rest_class_id(i), rest.arch, rest.low, rest.high);
      if (!specialise(decisions_.roots[rest_class(i)], root)) return false;
    }
    return true;
  }

  // The tests that find the rest class of a call.
  NodeId pick_rest() {
    Graph& g = decisions_.graph;
    const auto root = [&](std::size_t i) { return decisions_.roots[rest_class(i)]; };
    const auto is_arch = [&](std::uint32_t value, NodeId then, NodeId otherwise) {
      const ExprId arch = word_at(arch_offset);
      return fold_test(g, Compare::equal, arch, g.constant(value), then, otherwise);
    };
    const ExprId nr = word_at(nr_offset);
    const NodeId x86_64 = fold_test(g, Compare::greater_equal, nr, g.constant(arch::x32_bit), root(1), root(0));
    return is_arch(arch::x86_64, x86_64, is_arch(arch::x86_32, root(2), root(3)));
  }

  ExprId word_at(std::uint32_t offset) {
    const auto& fixed = composition_.fixed[offset / 4];
    return fixed ? decisions_.graph.constant(*fixed) : decisions_.graph.load(offset);
  }

  const Composition& composition_;
  const Sequence sequence_;
  ChainGraph decisions_;
  Specialiser specialiser_;
  NumberFlow numbers_{decisions_.graph};
  // A filter takes no more ids than there are classes.
  static constexpr std::uint32_t last_class_id = 0xffffffff - class_count;
  std::uint32_t next_class_id_ = first_group_id;
};

void assert_sound([[maybe_unused]] const ChainGraph& decisions) {
#ifndef NDEBUG
  const Guards guards = decisions.by_number() ? Guards::by_facts : Guards::in_graph;
  // The rules of a graph are the same for every merge rule.
  const Sequence sequence = seccomp_sequence(MergeRule::first_non_allow);
  assert(!check(decisions.graph, decisions.roots, sequence, guards).has_value());
#endif
}

}  // namespace

std::uint32_t step_budget(const ChainGraph& older, std::span<const Program* const> newer, Precision precision) {
  std::uint64_t insns = 0;
  for (const Program* program : newer) insns += program->size();
  const std::uint64_t for_filters = specialise_steps_per_filter * newer.size();
  const std::uint64_t wanted =
      least_specialise_steps + specialise_steps_per_insn * (insns + older.graph.node_count()) + for_filters;
  const std::uint64_t longest_programs = (insns + max_program_length - 1) / max_program_length;
  const std::uint64_t share = precision == Precision::path_sensitive ? 1 : precision == Precision::per_number ? 4 : 2;
  const std::uint64_t most = (max_specialise_steps * longest_programs + for_filters) / share;
  constexpr std::uint64_t countable = 0x7fffffff;  // far more steps than any attach; sums of them do not wrap
  return static_cast<std::uint32_t>(std::min({wanted, most, countable}));
}

const char* name(Precision precision) {
  switch (precision) {
    case Precision::path_sensitive: return "path_sensitive";
    case Precision::per_number: return "per_number";
    case Precision::number_blind: return "number_blind";
    case Precision::baseline: return "baseline";
  }
  return "unknown";  // LCOV_EXCL_LINE: every value has its case above
}

ChainGraph allow_all(Precision precision) {
  ChainGraph decisions;
  const NodeId allow = decisions.graph.leaf(action::allow);
  decisions.roots.assign(precision == Precision::number_blind ? 1 : class_count, allow);
  decisions.rest = allow;
  decisions.precision = precision;
  return decisions;
}

std::optional<ChainGraph> attach(const ChainGraph& older, std::span<const Program* const> newer, std::uint32_t filter,
                                 const Composition& composition) {
  assert(older.precision == composition.precision && composition.precision != Precision::baseline);
  Attacher attacher(older, composition, step_budget(older, newer, composition.precision));
  for (const Program* program : newer) {
    if (!attacher.add(*program, filter++)) return std::nullopt;
  }
  ChainGraph decisions = std::move(attacher).finish();
  if (decisions.graph.node_count() > max_decision_nodes) return std::nullopt;
  assert_sound(decisions);
  return decisions;
}

}  // namespace callgate::compose
