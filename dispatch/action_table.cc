#include "dispatch/action_table.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "compose/number_value.h"
#include "compose/precedence.h"
#include "compose/seccomp.h"
#include "dispatch/argument_check.h"
#include "dispatch/conjunction.h"

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
std::optional<std::uint32_t> settled_word(const compose::Plan& plan, MergeRule rule,
                                          std::optional<std::uint32_t> result) {
  if (!result || callgate_is_residual(*result) || !is_final(plan, rule, *result)) return {};
  return result;
}

class Finder {
 public:
  Finder(const compose::Plan& plan, MergeRule rule, const InputLayout& layout)
      : plan_(plan),
        rule_(rule),
        layout_(layout),
        decisions_(*plan[0]->chain_graph()),
        roots_(decisions_.graph.node_count()) {}

  Residuals run() {
    residuals_.word_of_class.resize(compose::domain_classes);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> open_runs;
    const std::span<const ir::NodeId> roots = std::span(decisions_.roots).first(compose::domain_classes);
    compose::for_each_run(roots, [&](std::uint32_t first, std::uint32_t end, ir::NodeId root) {
      if (settle(first, end, root)) return;
      open_runs.emplace_back(first, end);
      if (!roots_[root].is_open) open_.push_back(root);
      roots_[root].is_open = true;
    });
    if (!open_.empty() && plan_.size() == 1) find_records();
    for (const ir::NodeId root : open_) {
      if (roots_[root].word != pending) continue;
      roots_[root].word = CALLGATE_CODE_BASE + static_cast<std::uint32_t>(residuals_.roots.size());
      residuals_.roots.push_back(root);
    }
    for (const auto& [first, end] : open_runs) {
      std::replace(word_at(first), word_at(end), pending, roots_[roots[first]].word);
    }
    return std::move(residuals_);
  }

 private:
  // The word of a class until its root has a check or an entry. It is in the range of entries, where no result of the
  // table is, and the first entry is given out only after the last class has its word.
  static constexpr std::uint32_t pending = CALLGATE_CODE_BASE;
  static constexpr std::uint32_t unseen = 0;

  // What number and architecture settle of the calls that come to a root.
  enum class Settles : std::uint8_t {
    unseen,
    all,        // `word` is the result of every class
    by_number,  // each class may have a result of its own
    nothing,
  };
  struct Root {
    Settles settles = Settles::unseen;
    bool is_open = false;          // some class is pending
    std::uint32_t word = pending;  // of the classes that are not settled one by one
  };

  std::uint32_t* word_at(std::uint32_t c) { return residuals_.word_of_class.data() + c; }

  // Writes the words of a run of classes with one root. False if a class is pending.
  bool settle(std::uint32_t first, std::uint32_t end, ir::NodeId id) {
    Root& root = roots_[id];
    if (root.settles == Settles::unseen) look_at(id, root);
    if (root.settles != Settles::by_number) {
      std::fill(word_at(first), word_at(end), root.word);
      return root.settles == Settles::all;
    }
    for (std::uint32_t c = first; c < end; ++c) *word_at(c) = word_of_number(id, c);
    return std::find(word_at(first), word_at(end), pending) == word_at(end);
  }

  void look_at(ir::NodeId id, Root& root) const {
    const ir::Node& node = decisions_.graph.node_at(id);
    if (node.kind == ir::NodeKind::constant) {
      const auto word = settled_word(plan_, rule_, node.result());
      root.settles = word ? Settles::all : Settles::nothing;
      root.word = word.value_or(pending);
    } else {
      const bool by_number = (decisions_.graph.support_below(id) & ~ir::class_support) == 0;
      root.settles = by_number ? Settles::by_number : Settles::nothing;
    }
  }

  std::uint32_t word_of_number(ir::NodeId root, std::uint32_t c) const {
    const auto result = compose::number_result(decisions_.graph, root, compose::number_of(c), compose::arch_of(c));
    return settled_word(plan_, rule_, result).value_or(pending);
  }

  // Equal switches share a record.
  void find_records() {
    jit::Switches switches;
    const InputWords input(layout_);
    const auto ids = jit::make_switches(decisions_.graph, open_, {.has_64_bits = input.halves_adjoin()}, switches);
    const Looks looks{decisions_.graph, switches, input};
    ArgumentChecks checks(looks);
    ir::IdMap<jit::SwitchId, std::uint32_t> word_of_switch(switches.size(), unseen);
    for (std::size_t i = 0; i < open_.size(); ++i) {
      std::uint32_t& word = word_of_switch[ids[i]];
      if (word == unseen) word = record_of(looks, checks, ids[i]).value_or(pending);
      roots_[open_[i]].word = word;
    }
  }

  // The cheapest record that decides as the choice does.
  std::optional<std::uint32_t> record_of(const Looks& looks, ArgumentChecks& checks, jit::SwitchId id) {
    Records& records = residuals_.records;
    if (const auto check = checks.check(id)) return records.add(*check);
    if (const auto values = checks.list(id)) {
      if (const auto list = make_list(*values)) return records.add_list(*list);
    }
    const Alternatives found = find_alternatives(looks, id);
    if (!found.bounds.empty()) return records.add(found.bounds);
    return found.conjunctions.empty() ? std::nullopt : records.add(found.conjunctions);
  }

  const compose::Plan& plan_;
  MergeRule rule_;
  const InputLayout& layout_;
  const compose::ChainGraph& decisions_;
  Residuals residuals_;
  ir::IdMap<ir::NodeId, Root> roots_;
  std::vector<ir::NodeId> open_;  // roots with a pending class
};

}  // namespace

Residuals find_residuals(const compose::Plan& plan, MergeRule rule, const InputLayout& layout) {
  const compose::ChainGraph* decisions = plan.empty() ? nullptr : plan[0]->chain_graph();
  if (decisions == nullptr || !decisions->by_number()) return {};
  return Finder(plan, rule, layout).run();
}

ActionTable make_table(const compose::Plan& plan, MergeRule rule, const Residuals& residuals,
                       std::span<const std::uint32_t> entries) {
  const std::uint32_t whole = CALLGATE_CODE_BASE + (entries.empty() ? 0 : entries[0]);
  const compose::ChainGraph* decisions = plan.empty() ? nullptr : plan[0]->chain_graph();
  if (decisions == nullptr) return {{}, plan.empty() ? action::allow : whole};
  const auto word_of = [&](ir::NodeId root) {
    const ir::Node& node = decisions->graph.node_at(root);
    if (node.kind != ir::NodeKind::constant) return whole;
    return settled_word(plan, rule, node.result()).value_or(whole);
  };
  if (!decisions->by_number()) return {{}, word_of(decisions->roots[0])};
  ActionTable table{residuals.word_of_class, word_of(decisions->rest)};
  for (std::uint32_t& word : table.words) {
    if (word < CALLGATE_CODE_BASE || !callgate_is_residual(word)) continue;
    word = CALLGATE_CODE_BASE + (entries.empty() ? 0 : entries[word - CALLGATE_CODE_BASE + 1]);
  }
  return table;
}

}  // namespace callgate::detail
