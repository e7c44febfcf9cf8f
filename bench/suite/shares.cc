#include "bench/suite/shares.h"

#include "compose/plan.h"
#include "dispatch/action_table.h"

namespace callgate::bench {

Shares shares_of(std::span<const Program> oldest_first) {
  constexpr std::size_t numbers = 460;
  Shares shares;
  const detail::Residuals residuals =
      detail::find_residuals(compose::make_plan(oldest_first, {}), MergeRule::first_non_allow);
  for (std::size_t nr = 0; nr < numbers; ++nr) {
    if (residuals.word_of_class.empty()) {  // nothing is decided by number
      ++shares.code;
      continue;
    }
    const std::uint32_t word = residuals.word_of_class[nr];  // the classes of x86_64 come first
    ++(!callgate_is_residual(word) ? shares.constants : word < CALLGATE_CODE_BASE ? shares.records : shares.code);
  }
  return shares;
}

}  // namespace callgate::bench
