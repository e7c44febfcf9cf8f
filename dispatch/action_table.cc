#include "dispatch/action_table.h"

#include <algorithm>
#include <optional>

#include "ir/rank.h"

namespace callgate::detail {
namespace {

static_assert(domain_size == ir::numbers_per_domain && domain_count == ir::domains.size());

// Whether no older segment has a say in a result of the newest one.
bool is_final(const ir::Plan& plan, MergeRule rule, std::uint32_t result) {
  if (plan.size() == 1) return true;
  if (rule == MergeRule::first_non_allow) return action_of(result) != action::allow;
  return ir::rank(result) == ir::strictest_rank;
}

// The word of a root that is settled by its class.
std::optional<std::uint32_t> constant_word(const ir::Plan& plan, MergeRule rule, ir::NodeId root) {
  const ir::Node& node = plan[0]->decisions()->graph.node_at(root);
  if (node.kind != ir::NodeKind::constant || is_residual(node.lhs) || !is_final(plan, rule, node.lhs)) return {};
  return node.lhs;
}

}  // namespace

Residuals find_residuals(const ir::Plan& plan, MergeRule rule) {
  Residuals residuals;
  const ir::Decisions* decisions = plan.empty() ? nullptr : plan[0]->decisions();
  if (decisions == nullptr || !decisions->by_number()) return residuals;
  residuals.of_class.assign(ir::domain_classes, Residuals::none);
  std::vector<std::uint32_t> index(decisions->graph.node_count(), Residuals::none);
  for (std::uint32_t c = 0; c < ir::domain_classes; ++c) {
    const ir::NodeId root = decisions->roots[c];
    if (constant_word(plan, rule, root)) continue;
    if (index[root] == Residuals::none) {
      index[root] = static_cast<std::uint32_t>(residuals.roots.size());
      residuals.roots.push_back(root);
    }
    residuals.of_class[c] = index[root];
  }
  return residuals;
}

void fill(ActionTable table, const ir::Plan& plan, MergeRule rule, const Residuals& residuals,
          std::span<const std::uint32_t> entries) {
  const auto word_of = [&](ir::NodeId root, std::uint32_t entry) {
    const auto word = constant_word(plan, rule, root);
    return word ? *word : residual_base + (entries.empty() ? 0 : entries[entry]);
  };
  const std::uint32_t whole = residual_base + (entries.empty() ? 0 : entries[0]);
  std::fill(table.begin(), table.end(), plan.empty() ? action::allow : whole);
  const ir::Decisions* decisions = plan.empty() ? nullptr : plan[0]->decisions();
  if (decisions == nullptr) return;
  if (!decisions->by_number()) return std::fill(table.begin(), table.end(), word_of(decisions->roots[0], 0));
  for (std::uint32_t c = 0; c < ir::domain_classes; ++c) {
    const std::uint32_t residual = residuals.of_class[c];
    table[c] = word_of(decisions->roots[c], residual == Residuals::none ? 0 : residual + 1);
  }
  table[action_table_entries] = word_of(decisions->rest, 0);
}

}  // namespace callgate::detail
