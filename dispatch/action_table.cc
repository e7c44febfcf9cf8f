#include "dispatch/action_table.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "dispatch/argument_check.h"
#include "compose/number_value.h"
#include "compose/precedence.h"
#include "compose/seccomp.h"

namespace callgate::detail {
namespace {

static_assert(CALLGATE_DOMAIN_SIZE == compose::numbers_per_domain && CALLGATE_DOMAIN_COUNT == compose::domains.size());

// Whether no older segment has a say in a result of the newest one.
bool is_final(const compose::Plan& plan, MergeRule rule, std::uint32_t result) {
  if (plan.size() == 1) return true;
  if (rule == MergeRule::first_non_allow) return action_of(result) != action::allow;
  return compose::precedence(result) == compose::strictest_precedence;
}

// The word for a result that number and architecture settle, if there is one.
std::optional<std::uint32_t> settled_word(const compose::Plan& plan, MergeRule rule, std::optional<std::uint32_t> result) {
  if (!result || callgate_is_residual(*result) || !is_final(plan, rule, *result)) return {};
  return result;
}

class Finder {
 public:
  Finder(const compose::Plan& plan, MergeRule rule, const InputLayout& layout)
      : plan_(plan), rule_(rule), layout_(layout), decisions_(*plan[0]->chain_graph()),
        word_of_(decisions_.graph.node_count(), unseen), is_open_(decisions_.graph.node_count()) {}

  Residuals run() {
    residuals_.word_of_class.resize(compose::domain_classes);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> open_runs;
    const auto roots = std::span(decisions_.roots).first(compose::domain_classes);
    compose::for_each_run(roots, [&](std::uint32_t first, std::uint32_t end, ir::NodeId root) {
      if (settle(first, end, root)) return;
      open_runs.emplace_back(first, end);
      if (!is_open_[root]) open_.push_back(root);
      is_open_[root] = true;
    });
    for (const ir::NodeId root : open_) word_of_[root] = needs_code;
    if (!open_.empty() && plan_.size() == 1 && has_wide_arguments(layout_)) find_checks();
    for (const ir::NodeId root : open_) {
      if (word_of_[root] != needs_code) continue;
      word_of_[root] = CALLGATE_CODE_BASE + static_cast<std::uint32_t>(residuals_.roots.size());
      residuals_.roots.push_back(root);
    }
    for (const auto& [first, end] : open_runs) {
      std::replace(word_at(first), word_at(end), needs_code, word_of_[roots[first]]);
    }
    return std::move(residuals_);
  }

 private:
  // Words that no root gets: constants in the residual range need code.
  static constexpr std::uint32_t unseen = CALLGATE_CHECK_BASE + CALLGATE_MAX_CHECKS - 1;
  static constexpr std::uint32_t needs_code = CALLGATE_CHECK_BASE + CALLGATE_MAX_CHECKS - 2;
  static constexpr std::uint32_t by_number = CALLGATE_CHECK_BASE + CALLGATE_MAX_CHECKS - 3;
  static constexpr std::uint32_t most_checks = CALLGATE_MAX_CHECKS - 3;

  std::uint32_t* word_at(std::uint32_t c) { return residuals_.word_of_class.data() + c; }

  // False if a class of the run needs code.
  bool settle(std::uint32_t first, std::uint32_t end, ir::NodeId root) {
    if (word_of_[root] == unseen) word_of_[root] = word_of_root(root);
    const std::uint32_t word = word_of_[root];
    if (word != by_number) {
      std::fill(word_at(first), word_at(end), word);
      return word != needs_code;
    }
    for (std::uint32_t c = first; c < end; ++c) *word_at(c) = word_of_number(root, c);
    return std::find(word_at(first), word_at(end), needs_code) == word_at(end);
  }

  // The word for all classes of a root; or by_number, if each has its own.
  std::uint32_t word_of_root(ir::NodeId root) const {
    const ir::Node& node = decisions_.graph.node_at(root);
    if (node.kind == ir::NodeKind::constant) return settled_word(plan_, rule_, node.lhs).value_or(needs_code);
    return (decisions_.graph.support_below(root) & ~ir::class_support) == 0 ? by_number : needs_code;
  }

  std::uint32_t word_of_number(ir::NodeId root, std::uint32_t c) const {
    const auto result = compose::number_result(decisions_.graph, root, compose::number_of(c), compose::arch_of(c));
    return settled_word(plan_, rule_, result).value_or(needs_code);
  }

  // Equal choices share a check.
  void find_checks() {
    jit::Switches choices;
    const auto ids = jit::make_switches(decisions_.graph, open_, {.input = compose::seccomp_input, .has_64_bits = true}, choices);
    std::vector<std::uint32_t> word_of_choice(choices.size(), needs_code);
    for (std::size_t i = 0; i < open_.size(); ++i) {
      std::uint32_t& word = word_of_choice[ids[i]];
      if (word == needs_code && residuals_.checks.size() < most_checks) {
        if (const auto check = argument_check(decisions_.graph, choices, ids[i], layout_)) {
          word = CALLGATE_CHECK_BASE + static_cast<std::uint32_t>(residuals_.checks.size());
          residuals_.checks.push_back(*check);
        }
      }
      word_of_[open_[i]] = word;
    }
  }

  const compose::Plan& plan_;
  MergeRule rule_;
  const InputLayout& layout_;
  const compose::ChainGraph& decisions_;
  Residuals residuals_;
  std::vector<std::uint32_t> word_of_;  // by node
  std::vector<ir::NodeId> open_;        // roots of which some class needs code
  std::vector<bool> is_open_;           // by node
};

}  // namespace

Residuals find_residuals(const compose::Plan& plan, MergeRule rule, const InputLayout& layout) {
  const compose::ChainGraph* decisions = plan.empty() ? nullptr : plan[0]->chain_graph();
  if (decisions == nullptr || !decisions->by_number()) return {};
  return Finder(plan, rule, layout).run();
}

void fill(ActionTable table, const compose::Plan& plan, MergeRule rule, const Residuals& residuals,
          std::span<const std::uint32_t> entries) {
  const std::uint32_t whole = CALLGATE_CODE_BASE + (entries.empty() ? 0 : entries[0]);
  const compose::ChainGraph* decisions = plan.empty() ? nullptr : plan[0]->chain_graph();
  if (decisions == nullptr) return std::fill(table.begin(), table.end(), plan.empty() ? action::allow : whole);
  const auto word_of = [&](ir::NodeId root) {
    const ir::Node& node = decisions->graph.node_at(root);
    if (node.kind != ir::NodeKind::constant) return whole;
    return settled_word(plan, rule, node.lhs).value_or(whole);
  };
  if (!decisions->by_number()) return std::fill(table.begin(), table.end(), word_of(decisions->roots[0]));
  compose::for_each_run(residuals.word_of_class, [&](std::uint32_t first, std::uint32_t end, std::uint32_t word) {
    const bool needs_code = word >= CALLGATE_CODE_BASE && callgate_is_residual(word);
    if (needs_code) word = CALLGATE_CODE_BASE + (entries.empty() ? 0 : entries[word - CALLGATE_CODE_BASE + 1]);
    std::fill(table.data() + first, table.data() + end, word);
  });
  table[CALLGATE_TABLE_ENTRIES] = word_of(decisions->rest);
}

}  // namespace callgate::detail
