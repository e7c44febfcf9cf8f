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

  // Adds the filters one by one only when they do not go together.
  void add(std::span<const Program* const> newer, std::uint32_t filter) {
    if (options_.level == Optimize::full && options_.precision != Precision::baseline) {
      if (extend(newer, filter) || extend_with_less(newer, filter)) return;
      if (newer.size() > 1) {
        for (std::size_t i = 0; i < newer.size(); ++i) add(newer.subspan(i, 1), filter++);
        return;
      }
    }
    for (const Program* program : newer) add_straight(*program, filter++);
  }

  Plan finish() && { return std::move(plan_); }

 private:
  const ChainGraph* newest() const { return plan_.empty() ? nullptr : plan_.front()->chain_graph(); }

  // The newest segment with the filters on top of it, or a new segment of them alone.
  bool extend(std::span<const Program* const> newer, std::uint32_t filter) {
    const ChainGraph* below = newest();
    const auto precision = below != nullptr ? below->precision : options_.precision;
    const ChainGraph none = below != nullptr ? ChainGraph{} : allow_all(precision);
    auto decisions = attach(below != nullptr ? *below : none, newer, filter, {options_.rule, options_.fixed, precision});
    if (!decisions) return false;
    const auto count = static_cast<std::uint32_t>(newer.size());
    if (below == nullptr) {
      plan_.insert(plan_.begin(), segment(std::move(*decisions), filter, count));
    } else {
      const Segment& old = *plan_.front();
      plan_.front() = segment(std::move(*decisions), old.oldest_filter, old.filter_count + count);
    }
    return true;
  }

  // The newest segment's filters and the new ones from the beginning, with less precision.
  bool extend_with_less(std::span<const Program* const> newer, std::uint32_t filter) {
    const ChainGraph* below = newest();
    const Precision had = below != nullptr ? below->precision : options_.precision;
    const std::uint32_t oldest = below != nullptr ? plan_.front()->oldest_filter : filter;
    std::vector<const Program*> programs;
    if (below != nullptr) programs = filters(oldest, filter);
    programs.insert(programs.end(), newer.begin(), newer.end());
    for (const Precision less : {Precision::per_number, Precision::number_blind}) {
      if (less <= had) continue;
      auto decisions = attach(allow_all(less), programs, oldest, {options_.rule, options_.fixed, less});
      if (!decisions) continue;
      if (below != nullptr) plan_.erase(plan_.begin());
      plan_.insert(plan_.begin(), segment(std::move(*decisions), oldest, static_cast<std::uint32_t>(programs.size())));
      return true;
    }
    return false;
  }

  void add_straight(const Program& program, std::uint32_t filter) {
    if (newest() != nullptr && newest()->by_number()) forget_numbers();
    plan_.insert(plan_.begin(), segment(build_baseline(program), filter, 1));
  }

  // Makes the newest segment fit to lie below a baseline form.
  void forget_numbers() {
    const Segment old = *plan_.front();
    const auto programs = filters(old.oldest_filter, old.oldest_filter + old.filter_count);
    plan_.erase(plan_.begin());
    auto decisions =
        attach(allow_all(Precision::number_blind), programs, old.oldest_filter, {options_.rule, options_.fixed, Precision::number_blind});
    if (decisions) {
      plan_.insert(plan_.begin(), segment(std::move(*decisions), old.oldest_filter, old.filter_count));
    } else {
      std::uint32_t filter = old.oldest_filter;
      for (const Program* program : programs) add_straight(*program, filter++);
    }
  }

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
  return attach({}, programs, 0, [&] { return programs; }, options);
}

}  // namespace callgate::compose
