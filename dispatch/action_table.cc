#include "dispatch/action_table.h"

#include <algorithm>
#include <array>
#include <optional>

#include "ir/numbers.h"

namespace callgate::detail {
namespace {

static_assert(domain_size == ir::number_count);

using Results = std::array<std::optional<std::uint32_t>, domain_size>;

// Folds the results of segments, newest first, into those of the chain, number by number.
class Merge {
 public:
  explicit Merge(MergeRule rule) : rule_(rule) { current_.fill(action::allow); }

  void take(const Results& older) {
    for (std::uint32_t n = 0; n < domain_size; ++n) {
      if (is_decided(current_[n])) continue;
      if (!older[n]) {
        current_[n] = std::nullopt;
      } else if (is_stricter(*older[n], *current_[n])) {
        current_[n] = older[n];
      }
    }
  }

  const Results& results() const { return current_; }

 private:
  // Whether no older segment can change this any more; what is unknown stays so.
  bool is_decided(const std::optional<std::uint32_t>& current) const {
    return !current || (rule_ == MergeRule::first_non_allow && action_of(*current) != action::allow);
  }

  MergeRule rule_;
  Results current_;
};

}  // namespace

void fill(ActionTable table, const ir::Plan& plan, MergeRule rule) {
  constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, domain_count> domains = {
      {{arch::x86_64, 0}, {arch::x86_64, arch::x32_bit}, {arch::x86_32, 0}}};
  std::uint32_t* entry = table.data();
  for (const auto& [arch_value, first] : domains) {
    Merge merge(rule);
    for (const auto& segment : plan) {
      Results results{};
      if (const ir::Graph* graph = segment->graph()) ir::results_by_number(*graph, arch_value, first, results);
      merge.take(results);
    }
    entry = std::transform(merge.results().begin(), merge.results().end(), entry,
                           [](const auto& result) { return result.value_or(residual_marker); });
  }
}

}  // namespace callgate::detail
