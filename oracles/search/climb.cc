#include "oracles/search/climb.h"

#include "oracles/search/changes.h"
#include "oracles/shrink/shrink.h"
#include "verifier/verify.h"

namespace callgate::oracles {

Find climb(std::uint64_t seed, const Shape& shape, const Cost& cost, const SearchLimits& limits) {
  Random random(seed);
  ShrinkBudget budget({limits.max_questions, limits.max_seconds});
  Find best;
  while (!budget.is_spent()) {
    Find here{start(random, shape), 0, 0};
    here.cost = cost(here.candidate);
    budget.spend();
    ++best.questions;
    for (std::uint32_t idle = 0; idle < limits.patience && !budget.is_spent(); ++idle) {
      Candidate next = changed(random, here.candidate, shape);
      const double next_cost = cost(next);
      budget.spend();
      ++best.questions;
      if (next_cost < here.cost) continue;
      if (next_cost > here.cost) idle = 0;
      here.candidate = std::move(next);
      here.cost = next_cost;
    }
    if (best.candidate.filters.empty() || here.cost > best.cost) {
      best.candidate = std::move(here.candidate);
      best.cost = here.cost;
    }
  }
  return best;
}

Find trimmed(const Find& find, double share, const Cost& cost, const SearchLimits& limits) {
  ShrinkBudget budget({limits.max_questions, limits.max_seconds});
  const double least = find.cost * share;
  Find best = find;
  const auto is_dear = [&](const Candidate& candidate) {
    if (budget.is_spent()) return false;
    budget.spend();
    const double found = cost(candidate);
    if (found < least) return false;
    best.cost = found;
    return true;
  };
  drop_runs(best.candidate.filters, [&](const std::vector<std::vector<Insn>>& fewer) {
    return is_dear({fewer, find.candidate.rule});
  });
  for (std::size_t i = 0; i < best.candidate.filters.size(); ++i) {
    Candidate candidate = best.candidate;
    drop_runs(best.candidate.filters[i], [&](const std::vector<Insn>& filter) {
      if (verifier::check(filter)) return false;
      candidate.filters[i] = filter;
      return is_dear(candidate);
    });
  }
  return best;
}

}  // namespace callgate::oracles
