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
  Planner(Plan plan, const AllFilters& all, const PlanOptions& options)
      : plan_(std::move(plan)), all_(all), options_(options) {}

  // With as much precision as the budgets allow. Filters that have no graph together are added one by one, and a filter
  // that has none by itself in baseline form.
  void add(std::span<const Program* const> newer, std::uint32_t filter) {
    for (Precision precision = most_precision(); precision != Precision::baseline; precision = less(precision)) {
      if (extend(newer, filter, precision)) return;
    }
    if (newer.size() == 1) return add_baseline(*newer.front(), filter);
    for (std::size_t i = 0; i < newer.size(); ++i) add(newer.subspan(i, 1), filter++);
  }

  Plan finish() && { return std::move(plan_); }

 private:
  static constexpr Precision less(Precision precision) {
    return static_cast<Precision>(static_cast<std::uint8_t>(precision) + 1);
  }

  const ChainGraph* newest() const { return plan_.empty() ? nullptr : plan_.front()->chain_graph(); }

  // Precision that was lost is not regained.
  Precision most_precision() const {
    if (options_.level != Optimize::full) return Precision::baseline;
    const ChainGraph* const below = newest();
    return below != nullptr ? below->precision : options_.precision;
  }

  // Puts the filters into the newest segment if it has a graph, else into a segment of their own. A graph of another
  // precision is made anew from all filters of the segment. False, and nothing has changed, if a budget is exceeded.
  bool extend(std::span<const Program* const> newer, std::uint32_t filter, Precision precision) {
    const ChainGraph* below = newest();
    if (below == nullptr) return push(attach_to(allow_all(precision), newer, filter), filter, newer.size());
    const std::uint32_t oldest = plan_.front()->oldest_filter;
    const std::size_t count = plan_.front()->filter_count + newer.size();
    if (below->precision == precision) return replace_newest(attach_to(*below, newer, filter), oldest, count);
    std::vector<const Program*> programs = filters(oldest, filter);
    programs.insert(programs.end(), newer.begin(), newer.end());
    return replace_newest(attach_to(allow_all(precision), programs, oldest), oldest, count);
  }

  void add_baseline(const Program& program, std::uint32_t filter) {
    if (newest() != nullptr && newest()->by_number()) forget_numbers();
    plan_.insert(plan_.begin(), segment(build_baseline(program), filter, 1));
  }

  // Makes the newest segment fit to lie below a baseline form: number-blind, or in baseline form itself.
  void forget_numbers() {
    const std::uint32_t oldest = plan_.front()->oldest_filter;
    const auto programs = filters(oldest, oldest + plan_.front()->filter_count);
    auto graph = attach_to(allow_all(Precision::number_blind), programs, oldest);
    if (replace_newest(std::move(graph), oldest, programs.size())) return;
    plan_.erase(plan_.begin());
    std::uint32_t filter = oldest;
    for (const Program* program : programs) add_baseline(*program, filter++);
  }

  std::optional<ChainGraph> attach_to(const ChainGraph& older, std::span<const Program* const> programs,
                                      std::uint32_t filter) const {
    return attach(older, programs, filter, {options_.rule, options_.fixed, older.precision});
  }

  bool push(std::optional<ChainGraph> graph, std::uint32_t oldest, std::size_t count) {
    if (graph) plan_.insert(plan_.begin(), segment(std::move(*graph), oldest, static_cast<std::uint32_t>(count)));
    return graph.has_value();
  }

  bool replace_newest(std::optional<ChainGraph> graph, std::uint32_t oldest, std::size_t count) {
    if (graph) plan_.front() = segment(std::move(*graph), oldest, static_cast<std::uint32_t>(count));
    return graph.has_value();
  }

  // The filters first … end - 1 of the chain.
  std::vector<const Program*> filters(std::uint32_t first, std::uint32_t end) const {
    const std::vector<const Program*> all = all_();
    const auto some = std::span(all).subspan(first, end - first);
    return {some.begin(), some.end()};
  }

  Plan plan_;
  const AllFilters& all_;
  const PlanOptions& options_;
};

}  // namespace

Plan attach(const Plan& older, std::span<const Program* const> newer, std::uint32_t filter, const AllFilters& all,
            const PlanOptions& options) {
  Planner planner(older, all, options);
  planner.add(newer, filter);
  return std::move(planner).finish();
}

Plan make_plan(std::span<const Program> oldest_first, const PlanOptions& options) {
  std::vector<const Program*> programs;
  for (const Program& program : oldest_first) programs.push_back(&program);
  return attach(
      {}, programs, 0, [&] { return programs; }, options);
}

}  // namespace callgate::compose
