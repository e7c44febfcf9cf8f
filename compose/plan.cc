#include "compose/plan.h"

#include <optional>
#include <utility>

namespace callgate::compose {
namespace {

std::shared_ptr<const Segment> segment(std::variant<ChainGraph, Baseline> form, std::uint32_t oldest,
                                       std::uint32_t count) {
  return std::make_shared<const Segment>(Segment{std::move(form), oldest, count});
}

class Planner {
 public:
  Planner(Plan plan, const PlanOptions& options) : plan_(std::move(plan)), options_(options) {}

  // With as much precision as the budgets allow, which no filter that is over them loses for the others: those before
  // it are composed, and it is tried again with less, on top of what there is. A filter that has no graph even by
  // itself is put on top in baseline form.
  void add(std::span<const Program* const> newer, std::uint32_t filter) {
    StepBudget budget(newest() == nullptr ? 0 : newest()->graph.node_count(), options_.most_steps);
    if (newer.empty()) return add_nothing(filter);
    budget.add(*newer.front());
    for (Precision most = most_precision(); !newer.empty(); most = most_precision()) {
      const std::size_t left = newer.size();
      if (most != Precision::baseline) try_all_ways(newer, filter, most, budget);
      if (newer.size() == left) {
        add_baseline(*newer.front(), filter);
        newer = newer.subspan(1);
        if (!newer.empty()) budget.add(*newer.front());
      }
      filter += static_cast<std::uint32_t>(left - newer.size());
    }
  }

  Plan finish() && { return std::move(plan_); }

 private:
  const ChainGraph* newest() const { return plan_.empty() ? nullptr : plan_.front()->chain_graph(); }

  // Precision that was lost is not regained.
  Precision most_precision() const {
    if (options_.level != Optimize::full) return Precision::baseline;
    const ChainGraph* const below = newest();
    return below != nullptr ? below->precision : options_.precision;
  }

  // A chain without filters has a graph as well.
  void add_nothing(std::uint32_t filter) {
    if (plan_.empty() && most_precision() != Precision::baseline) {
      plan_.push_back(segment(allow_all(most_precision()), filter, 0));
    }
  }

  // Until some of the filters are taken off `newer`.
  void try_all_ways(std::span<const Program* const>& newer, std::uint32_t filter, Precision most, StepBudget& budget) {
    const std::size_t left = newer.size();
    for (const Way way : {Way::path_sensitive, Way::per_number, Way::number_blind, Way::alone}) {
      if (precision_of(way) < most || budget.left(way) == 0) continue;
      if (way == Way::alone && newest() == nullptr) continue;  // as the one before it
      extend(newer, filter, way, budget);
      if (newer.size() != left) return;
    }
  }

  // Puts as many of the filters as the budget allows into the newest segment if it has a graph, else into a segment of
  // their own, and takes them off `newer`.
  void extend(std::span<const Program* const>& newer, std::uint32_t filter, Way way, StepBudget& budget) {
    const Precision precision = precision_of(way);
    if (precision == Precision::number_blind && newest() != nullptr && newest()->by_number()) forget_numbers();
    const ChainGraph* below = way == Way::alone ? nullptr : newest();
    const Composition composition{options_.rule, options_.fixed, precision, options_.most_nodes};
    const std::size_t count = newer.size();
    auto graph = below != nullptr ? attach_some(*below, newer, filter, composition, way, budget)
                                  : attach_some(allow_all(precision), newer, filter, composition, way, budget);
    if (!graph) return;
    const auto taken = static_cast<std::uint32_t>(count - newer.size());
    if (below == nullptr) {
      plan_.insert(plan_.begin(), segment(std::move(*graph), filter, taken));
    } else {
      plan_.front() = segment(std::move(*graph), plan_.front()->oldest_filter, plan_.front()->filter_count + taken);
    }
  }

  void add_baseline(const Program& program, std::uint32_t filter) {
    if (newest() != nullptr && newest()->by_number()) forget_numbers();
    plan_.insert(plan_.begin(), segment(build_baseline(program), filter, 1));
  }

  // Makes the newest segment fit to lie below what does not know the class.
  void forget_numbers() {
    const Segment& segment_below = *plan_.front();
    plan_.front() =
        segment(newest()->without_numbers(options_.fixed), segment_below.oldest_filter, segment_below.filter_count);
  }

  Plan plan_;
  const PlanOptions& options_;
};

}  // namespace

Plan attach(const Plan& older, std::span<const Program* const> newer, std::uint32_t filter,
            const PlanOptions& options) {
  Planner planner(older, options);
  planner.add(newer, filter);
  return std::move(planner).finish();
}

Plan make_plan(std::span<const Program> oldest_first, const PlanOptions& options) {
  std::vector<const Program*> programs;
  for (const Program& program : oldest_first) programs.push_back(&program);
  return attach({}, programs, 0, options);
}

}  // namespace callgate::compose
