#include "proof/compare.h"

#include <algorithm>

#include "callgate/action.hpp"

namespace callgate::proof {
namespace {

constexpr std::size_t most_paths = 20'000;  // of one part

class Comparer {
 public:
  Comparer(Walk& walk, const ChainRef& old_chain, const ChainRef& new_chain, Relation relation, std::size_t most)
      : walk_(walk), old_(old_chain), new_(new_chain), relation_(relation), most_(most) {}

  Comparison run() {
    for (const Part& part : walk_.parts()) {
      std::vector<Path> paths;
      result_.are_all &= walk_.paths(part, most_paths, paths, [](DiagramId leaf) { return leaf != same; });
      for (const Path& path : paths) add(path);
      if (result_.differences.size() >= most_) break;
    }
    result_.verdict = !result_.differences.empty()              ? Verdict::different
                      : result_.open.empty() && result_.are_all ? Verdict::equal
                                                                : Verdict::not_decided;
    return std::move(result_);
  }

 private:
  void add(const Path& path) {
    if (result_.differences.size() >= most_) {
      result_.are_all = false;  // perhaps
      return;
    }
    // More conditions under which the path is a difference that counts.
    std::vector<Literal> more;
    if (path.leaf != undecided && !conditions(walk_[path.leaf].decisions, more)) return;
    const Solution solution = walk_.call_of(path, more);
    if (solution.answer == Answer::no) return;
    if (solution.answer == Answer::yes) {
      const SeccompData call = data_of(solution.words);
      const std::uint32_t before = decision_of(old_, call);
      const std::uint32_t after = decision_of(new_, call);
      const bool counts = relation_ == Relation::equality ? before != after : lets_run(after) && !lets_run(before);
      if (counts) return result_.differences.push_back({path, call, before, after});
    }
    result_.open.push_back(path);
  }

  bool conditions(const std::vector<Decision>& decisions, std::vector<Literal>& more) {
    Terms& terms = walk_.terms();
    const auto add = [&](TermId term, const IntervalSet& set) {
      Literal literal = terms.literal(term, set);
      if (literal.set.empty()) return false;
      if (!literal.set.is_all()) more.push_back(std::move(literal));
      return true;
    };
    const TermId before = decisions[0].result;
    const TermId after = decisions[1].result;
    if (relation_ == Relation::equality) {
      return add(terms.subtract(before, after), IntervalSet(1, largest_word));
    }
    const IntervalSet runs(action::log, action::log | data_mask);
    const IntervalSet all_running = runs | IntervalSet(action::allow, action::allow | data_mask);
    return add(after, all_running) && add(before, all_running.complement());
  }

  Walk& walk_;
  const ChainRef& old_;
  const ChainRef& new_;
  Relation relation_;
  std::size_t most_;
  Comparison result_;
};

}  // namespace

bool lets_run(std::uint32_t result) { return action_of(result) == action::allow || action_of(result) == action::log; }

std::uint32_t decision_of(const ChainRef& chain, const SeccompData& data) {
  std::uint32_t decision = action::allow;
  for (std::size_t i = chain.oldest_first.size(); i-- > 0;) {
    const std::uint32_t result = interpret(chain.oldest_first[i], data);
    if (chain.rule == MergeRule::first_non_allow) {
      if (action_of(result) != action::allow) return result;
    } else if (is_stricter(result, decision)) {
      decision = result;
    }
  }
  return decision;
}

Comparison compare(Walk& walk, const ChainRef& old_chain, const ChainRef& new_chain, Relation relation,
                   std::size_t most) {
  return Comparer(walk, old_chain, new_chain, relation, most).run();
}

Comparison compare(const ChainRef& old_chain, const ChainRef& new_chain, const Budget& budget) {
  Walk walk(old_chain, new_chain, budget);
  return compare(walk, old_chain, new_chain, Relation::equality, 1);
}

}  // namespace callgate::proof
