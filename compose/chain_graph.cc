#include "compose/chain_graph.h"

#include <algorithm>
#include <cassert>
#include <initializer_list>
#include <utility>
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

// Numbers from `first` to the next run, and the root for calls with such a number.
struct Run {
  std::uint32_t first;
  NodeId root;
};

// Tests that find the root for a call by architecture and number.
class Picker {
 public:
  Picker(Graph& graph, const FixedWords& fixed) : graph_(graph), fixed_(fixed) {}

  // The runs of an architecture ascend and begin with 0.
  NodeId pick(std::span<const Run> x86_64, std::span<const Run> x86_32, NodeId other) {
    const NodeId not_x86_64 = by_arch(arch::x86_32, by_number(x86_32), other);
    return by_arch(arch::x86_64, by_number(x86_64), not_x86_64);
  }

 private:
  NodeId by_arch(std::uint32_t value, NodeId then, NodeId otherwise) {
    const ExprId arch = word_at(arch_offset);  // one statement each: argument order differs by compiler
    const ExprId constant = graph_.constant(value);
    return fold_test(graph_, Compare::equal, arch, constant, then, otherwise);
  }

  // A binary search tree; recursion is as deep as it.
  NodeId by_number(std::span<const Run> runs) {
    if (runs.size() == 1) return runs[0].root;
    const std::size_t middle = runs.size() / 2;
    const NodeId lower = by_number(runs.first(middle));
    const NodeId upper = by_number(runs.subspan(middle));
    const ExprId nr = word_at(nr_offset);
    const ExprId first = graph_.constant(runs[middle].first);
    return fold_test(graph_, Compare::greater_equal, nr, first, upper, lower);
  }

  ExprId word_at(std::uint32_t offset) {
    const auto& word = fixed_[offset / 4];
    return word ? graph_.constant(*word) : graph_.load(offset);
  }

  Graph& graph_;
  const FixedWords& fixed_;
};

// Puts filters, oldest first, on top of a chain's graph. Each method that adds something returns false or nothing when
// a budget is exceeded; the chain decides as before then, but for the graph's size.
class Attacher {
 public:
  Attacher(const ChainGraph& older, const Composition& composition, Way way, StepBudget& budget)
      : composition_(composition),
        way_(way),
        sequence_(seccomp_sequence(composition.rule)),
        decisions_(older),
        budget_(budget),
        specialiser_(decisions_.graph, composition.rule, composition.precision == Precision::path_sensitive, 0) {
    decisions_.precision = composition.precision;
  }

  bool add(const Program& program, std::uint32_t filter) {
    before_ = decisions_.roots;
    std::uint32_t left = budget_.left(way_);
    std::uint32_t of_numbers = max_number_steps(program.size());
    if (budget_.has_limit()) {  // then the steps of the numbers are some of it
      of_numbers = std::min(of_numbers, left / 2);
      left -= of_numbers;
    }
    numbers_.allow(of_numbers);
    const std::uint32_t half = budget_.limit(way_) / 2;
    specialiser_.allow(left, left - std::min(left, half));
    const std::uint32_t steps = specialiser_.steps();
    const bool within_budget = put_on_top(program, filter);
    budget_.spend(way_, specialiser_.steps() - steps);
    if (budget_.has_limit()) budget_.spend(way_, of_numbers - numbers_.steps_left());
    if (!within_budget) undo();
    return within_budget;
  }

  // The filter that was added last is not there.
  void undo() { decisions_.roots = before_; }

  std::uint32_t node_count() const { return decisions_.graph.node_count(); }

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
  bool put_on_top(const Program& program, std::uint32_t filter) {
    const auto root = build(decisions_.graph, program, sequence_, filter, composition_.fixed);
    if (!root) return false;
    if (!decisions_.by_number()) {
      specialiser_.set_no_class();
      return specialise(decisions_.roots[0], *root);
    }
    // Never two classes with one id.
    if (next_class_id_ > last_class_id) return false;  // LCOV_EXCL_BR_LINE: takes billions of steps
    return add_domains(*root) && add_rest(*root);
  }

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
    const auto root = [&](std::size_t i) { return decisions_.roots[rest_class(i)]; };
    const Run x86_64[] = {{0, root(0)}, {arch::x32_bit, root(1)}};
    const Run x86_32[] = {{0, root(2)}};
    return Picker(decisions_.graph, composition_.fixed).pick(x86_64, x86_32, root(3));
  }

  const Composition& composition_;
  const Way way_;
  const Sequence sequence_;
  ChainGraph decisions_;
  std::vector<NodeId> before_;  // the roots, before the filter that was added last
  StepBudget& budget_;
  Specialiser specialiser_;
  NumberFlow numbers_{decisions_.graph};
  // A filter takes no more ids than there are classes.
  static constexpr std::uint32_t last_class_id = 0xffffffff - class_count;
  std::uint32_t next_class_id_ = first_group_id;
};

void assert_sound([[maybe_unused]] const ChainGraph& decisions) {
#ifndef NDEBUG
  const Guards guards = decisions.has_classes ? Guards::by_facts : Guards::in_graph;
  // The rules of a graph are the same for every merge rule.
  const Sequence sequence = seccomp_sequence(MergeRule::first_non_allow);
  assert(!check(decisions.graph, decisions.roots, sequence, guards).has_value());
#endif
}

}  // namespace

std::uint32_t StepBudget::limit(Way way) const {
  const std::uint64_t for_filters = specialise_steps_per_filter * filters_;
  const std::uint64_t wanted =
      least_specialise_steps + specialise_steps_per_insn * (insns_ + older_nodes_) + for_filters;
  const std::uint64_t longest_programs = (insns_ + max_program_length - 1) / max_program_length;
  constexpr std::array<std::uint64_t, 4> shares = {1, 4, 2, 4};  // by way
  const std::uint64_t share = shares[static_cast<std::size_t>(way)];
  const std::uint64_t most = (max_specialise_steps * longest_programs + for_filters) / share;
  constexpr std::uint64_t countable = 0x7fffffff;  // far more steps than any attach; sums of them do not wrap
  constexpr std::array<std::uint64_t, 4> parts = {2, 8, 4, 8};  // by way: all of them together are one
  const std::uint64_t allowed = most_ == 0 ? countable : most_ / parts[static_cast<std::size_t>(way)];
  return static_cast<std::uint32_t>(std::min({wanted, most, countable, allowed}));
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
  decisions.has_classes = decisions.by_number();
  return decisions;
}

ChainGraph ChainGraph::without_numbers(const FixedWords& fixed) const {
  assert(by_number());
  ChainGraph whole{.graph = graph, .roots = {}, .precision = Precision::number_blind};
  const auto runs_of = [&](std::initializer_list<std::pair<std::uint32_t, std::size_t>> places) {
    std::vector<Run> runs;
    for (const auto& [domain, behind] : places) {
      const std::uint32_t first = domains[domain].first;
      const auto in_domain = std::span(roots).subspan(domain * numbers_per_domain, numbers_per_domain);
      for_each_run(in_domain, [&](std::uint32_t n, std::uint32_t, NodeId root) { runs.push_back({first + n, root}); });
      runs.push_back({first + numbers_per_domain, roots[rest_class(behind)]});
    }
    return runs;
  };
  whole.roots = {Picker(whole.graph, fixed).pick(runs_of({{0, 0}, {1, 1}}), runs_of({{2, 2}}), roots[rest_class(3)])};
  if (!remove_dead_nodes(whole.graph, whole.roots)) whole.graph.shrink();
  whole.rest = whole.roots[0];
  return whole;
}

// Leaves room for the tests of ChainGraph::without_numbers().
static std::uint32_t most_nodes(const Composition& composition) {
  const bool by_number = composition.precision < Precision::number_blind;
  return std::min(composition.most_nodes, by_number ? max_decision_nodes - class_count : max_decision_nodes);
}

std::optional<ChainGraph> attach_some(const ChainGraph& older, std::span<const Program* const>& newer,
                                      std::uint32_t filter, const Composition& composition, Way way,
                                      StepBudget& budget) {
  assert(precision_of(way) == composition.precision);
  assert(older.by_number() == (composition.precision < Precision::number_blind));
  Attacher attacher(older, composition, way, budget);
  std::size_t taken = 0;
  for (; taken < newer.size(); ++taken, ++filter) {
    if (taken != 0) budget.add(*newer[taken]);
    if (!attacher.add(*newer[taken], filter)) break;
    if (taken == 0 || attacher.node_count() <= most_nodes(composition)) continue;
    attacher.undo();  // the nodes may be dead ones: it is tried again by itself
    break;
  }
  if (taken == 0) return std::nullopt;
  ChainGraph decisions = std::move(attacher).finish();
  if (decisions.graph.node_count() > most_nodes(composition)) return std::nullopt;
  assert_sound(decisions);
  newer = newer.subspan(taken);
  return decisions;
}

std::optional<ChainGraph> attach(const ChainGraph& older, std::span<const Program* const> newer, std::uint32_t filter,
                                 const Composition& composition) {
  StepBudget budget(older.graph.node_count());
  budget.add(*newer.front());
  auto decisions = attach_some(older, newer, filter, composition, static_cast<Way>(composition.precision), budget);
  return newer.empty() ? std::move(decisions) : std::nullopt;
}

}  // namespace callgate::compose
